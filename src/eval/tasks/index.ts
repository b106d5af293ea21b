/** The benchmarks, one file each. */
export { mmlu } from "./mmlu.js";
