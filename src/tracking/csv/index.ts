/** The curves of a run as a table: `metrics.csv` in `output_dir`. */
export { csv } from "./csv.js";
