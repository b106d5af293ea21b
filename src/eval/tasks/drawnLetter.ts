/** Answers for questions that a model did not answer, where a benchmark wants one for each. */
import { createHash } from "node:crypto";

/** A letter of A to D that depends on the key only; over many keys each is as frequent. */
export function drawnLetter(key: string): string {
  return "ABCD"[createHash("sha1").update(key).digest()[0]! % 4]!;
}
