/** What the model answers while it learns. */
export { AnswersTab } from "./AnswersTab";
