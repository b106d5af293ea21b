/** What trains now and what comes after it. */
export { QueueCard } from "./QueueCard";
