import { afterAll, expect, test } from "vitest";
import { openConversations } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { placeholderNames } from "./placeholders.js";
import { testFolder } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

const rows = [
  { instruction: "你是谁？", output: "我是 {{name}}，由 {{ author }} 开发。{{name}}！" },
  { instruction: "hi", output: "plain { {name} }" },
];

test("names are found once each, with and without spaces", () => {
  expect(placeholderNames(rows[0]!.output)).toEqual(["name", "author"]);
  expect(placeholderNames(rows[1]!.output)).toEqual([]);
});

test("convert counts the rows that have them, and fills those that it has values for", async () => {
  const file = folder.write("identity.jsonl", rows);
  const out = folder.path("out.jsonl");
  expect((await convertFiles([file], out)).placeholders).toEqual({ name: 1, author: 1 });
  const placeholders = { name: "小明 $& {{author}}" };
  expect((await convertFiles([file], out, { placeholders })).placeholders).toEqual({ author: 1 });
  const source = await openConversations([out]);
  expect((await source.read(0)).messages[1]!.content).toBe(
    "我是 小明 $& {{author}}，由 {{ author }} 开发。小明 $& {{author}}！",
  );
  await source.close();
});
