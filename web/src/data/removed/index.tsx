/** What cleaning or deduplication took out of a file, and why. */
export { RemovedTab } from "./RemovedTab";
