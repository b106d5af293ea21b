/** Evaluations on the disk as the page shows them. */
export type { QuestionFilter, ShownQuestions } from "./questions.js";
export { createResultTable, type ResultTable } from "./resultTable.js";
export { withRunScores } from "./runScores.js";
