import { expect, test } from "vitest";
import { leftOutTeller } from "./leftOutTeller.js";

test("each thing that is left out is told once, with its first row", () => {
  const lines: string[] = [];
  const tell = leftOutTeller((line) => lines.push(line));
  const row = (line: number) => ({ rows: 1, first: { file: "rows.jsonl", line } });
  tell({ reasoning: { ...row(3), turns: 1 }, keys: {} });
  tell({ reasoning: { ...row(5), turns: 2 }, keys: { "messages[].id": row(4) } });
  tell({ reasoning: undefined, keys: { "messages[].id": row(6), "messages[].loss": row(6) } });
  expect(lines).toEqual([
    "rows.jsonl:3: the reasoning of turns is left out; check counts the rows.",
    "rows.jsonl:4: messages[].id has no effect: neither training nor the chat template reads it; check counts the rows.",
    "rows.jsonl:6: messages[].loss has no effect: neither training nor the chat template reads it; check counts the rows.",
  ]);
});
