/** The benchmarks, one file each. */
export { agieval } from "./agieval/index.js";
export { mmlu } from "./mmlu/index.js";
