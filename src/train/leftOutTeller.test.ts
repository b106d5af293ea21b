import { expect, test } from "vitest";
import { leftOutTeller } from "./leftOutTeller.js";

test("each thing that is left out is told once, with its first row", () => {
  const lines: string[] = [];
  const tell = leftOutTeller((line) => lines.push(line));
  const row = (line: number) => ({ rows: 1, first: { file: "rows.jsonl", line } });
  tell({ reasoning: { ...row(3), turns: 1 }, keys: {}, joined: undefined });
  tell({
    reasoning: { ...row(5), turns: 2 },
    keys: { "messages[].id": row(4) },
    joined: { ...row(7), messages: 2 },
  });
  tell({
    reasoning: undefined,
    keys: { "messages[].id": row(6), "messages[].loss": row(6) },
    joined: undefined,
  });
  expect(lines).toEqual([
    "rows.jsonl:3: the reasoning of turns is left out; check counts the rows.",
    "rows.jsonl:7: messages of one role in a row are joined; check counts the rows.",
    "rows.jsonl:4: messages[].id has no effect: neither training nor the chat template reads it; check counts the rows.",
    "rows.jsonl:6: messages[].loss has no effect: neither training nor the chat template reads it; check counts the rows.",
  ]);
});
