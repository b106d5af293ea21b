/** The questions of GSM8K. */
import type { BenchmarkFiles } from "../../types.js";
import { type TextRecord, textRecords } from "../records.js";

/** A question with an answer that works it out. */
export type Problem = TextRecord<"question" | "answer">;

export async function readProblems(
  files: BenchmarkFiles,
  split: "train" | "test",
): Promise<Problem[]> {
  const path = `${split}.jsonl`;
  return textRecords(await files.jsonl(path), ["question", "answer"], `${files.folder}/${path}`);
}
