/** The questions of an evaluation, with what each model answered. */
export { Questions } from "./Questions";
