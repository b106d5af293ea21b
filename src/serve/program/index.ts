/** Commands of this program as processes of their own. */
export { errorsIn, type ToldError } from "./errorsIn.js";
export { type Finished, runProgram, startDetached } from "./runProgram.js";
