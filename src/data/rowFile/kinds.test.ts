/** The same rows in every kind of file, plain and compressed, down to what training is given. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConversations } from "../conversationSource.js";
import { testFolder } from "../testFiles.js";
import { duckdb, readAll, storedZstd } from "./testRows.js";

const folder = testFolder();
const given = process.env.TUNEWRIGHT_CACHE;
beforeAll(() => {
  process.env.TUNEWRIGHT_CACHE = folder.path("cache");
});
afterAll(() => {
  if (given === undefined) delete process.env.TUNEWRIGHT_CACHE;
  else process.env.TUNEWRIGHT_CACHE = given;
  folder.remove();
});

const rows = Array.from({ length: 200 }, (_, index) => ({
  conversation: [
    {
      human: `第${index}个问题？\n"quoted", and a comma`,
      assistant: `${"答案 answer ".repeat(index)}`,
    },
  ],
  category: index % 2 === 0 ? "闲聊" : "code",
}));

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
const csvRows = rows.map((row) => `${cell(JSON.stringify(row.conversation))},${row.category}\n`);

const kinds: Record<string, () => Promise<Buffer>> = {
  jsonl: async () => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join("")),
  json: async () => Buffer.from(JSON.stringify(rows, null, 2)),
  csv: async () => Buffer.from(`conversation,category\n${csvRows.join("")}`),
  parquet: async () => {
    const plain = folder.write("source.jsonl", rows);
    const path = folder.path("source.parquet");
    await duckdb(`COPY (SELECT * FROM read_json('${plain}')) TO '${path}' (FORMAT parquet)`);
    return readFileSync(path);
  },
};

describe.each(Object.keys(kinds))("%s", (kind) => {
  test.each([
    ["", (bytes: Buffer) => bytes],
    [".gz", (bytes: Buffer) => gzipSync(bytes)],
    [".zst", storedZstd],
  ])("with the ending %j", async (ending, pack) => {
    const path = folder.write(`rows.${kind}${ending}`, pack(await kinds[kind]!()));
    const texts = rows.map((row) => ({ ...row, conversation: JSON.stringify(row.conversation) }));
    const read = await readAll(path);
    expect(read.map(({ value }) => value)).toEqual(kind === "csv" ? texts : rows);
    const source = await openConversations([path]);
    expect(source.files).toMatchObject([{ file: path, rows: 200, format: "firefly" }]);
    expect((await source.read(7)).messages[1]).toMatchObject({
      role: "assistant",
      content: rows[7]!.conversation[0]!.assistant,
    });
    await source.close();
  });
});
