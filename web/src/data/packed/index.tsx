/** How conversations fill the rows that are trained on. */
export { PackedTab } from "./PackedTab";
