/** Scores on benchmarks at points of a run (`eval_tasks`). */
export { RunScores } from "./RunScores";
