/** Browsing the conversations of a file. */
export { RowsTab } from "./RowsTab";
