import { afterAll, expect, test } from "vitest";
import { openConversations } from "./conversationSource.js";
import { surveyRows } from "./survey.js";
import { messagesRow, testFolder, tinyEncoding } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

test("counts every row, keeps the first problems in order and all of their number", async () => {
  const { tokenizer, template } = await tinyEncoding();
  const lengthOf = (row: number) => (row % 5 === 4 ? 40 : 4);
  const lines = Array.from({ length: 300 }, (_, row) =>
    row % 10 === 7 ? "{broken" : JSON.stringify(messagesRow("q", "文".repeat(lengthOf(row)))),
  );
  const source = await openConversations([folder.write("rows.jsonl", lines.join("\n"))]);
  const seen: number[] = [];
  const survey = await surveyRows(source, {
    tokenizer,
    template,
    maxSeqLength: 30,
    keptProblems: 3,
    onProgress: (rows) => seen.push(rows),
  });
  await source.close();
  expect(survey).toMatchObject({ rows: 300, badRows: 30, truncatedRows: 60 });
  expect(survey.problems.map((problem) => problem.source.line)).toEqual([8, 18, 28]);
  const { min, p50, p95, max } = survey.lengths!;
  expect([p50, p95]).toEqual([min, max]);
  expect(survey.longest).toEqual({
    tokens: max,
    source: { file: folder.path("rows.jsonl"), line: 5 },
  });
  expect(survey.tokens).toBe(210 * min + 60 * 30);
  expect(survey.tokensCut).toBe(60 * (max - 30));
  expect(seen.at(-1)).toBe(300);
});
