/** TensorBoard's event files. */
export { tensorboard } from "./tensorboard.js";
