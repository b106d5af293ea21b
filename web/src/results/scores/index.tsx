/** Scores of an evaluation by benchmark and subject, beside its base's. */
export { ScoreTable } from "./ScoreTable";
