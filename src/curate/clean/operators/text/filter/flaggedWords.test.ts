import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError } from "../../../../../util/errors.js";
import { reason } from "../testRows.js";
import { filterFlaggedWords } from "./flaggedWords.js";

const folder = mkdtempSync(join(tmpdir(), "tunewright-flagged-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "words.txt");
writeFileSync(file, "\ufeff# 敏感词\n赌博\r\n网上赌博\nass\nＢＡＤ word\n\n");

test("Chinese words match anywhere, English ones only whole, without regard to case and width", async () => {
  const some = { file, maximum: 0, maximum_count: null };
  expect(await reason(filterFlaggedWords, "他沉迷网上赌博。", some)).toBe(
    "share of flagged words 0.40 > 0",
  );
  expect(await reason(filterFlaggedWords, "What an ASS!", some)).toMatch(/^share/);
  expect(await reason(filterFlaggedWords, "a bad WORD", some)).toMatch(/^share/);
  expect(await reason(filterFlaggedWords, "class passes assess 赌城 博物馆", some)).toBe(null);
});

test("by share or by number", async () => {
  const long = `${"这是一段很长的普通文字。".repeat(40)}赌博`;
  expect(await reason(filterFlaggedWords, long, { file })).toBe(null);
  expect(await reason(filterFlaggedWords, long, { file, maximum_count: 0 })).toBe(
    "flagged words 1 > 0",
  );
  expect(await reason(filterFlaggedWords, "说说坏词", { words: ["坏词"] })).toMatch(
    /^share of flagged words/,
  );
});

test("a missing file and an empty list are errors of the configuration", () => {
  const prepare = (options: object) =>
    filterFlaggedWords.prepare(filterFlaggedWords.options.parse(options));
  expect(() => prepare({ file: join(folder, "none.txt") })).toThrow(ConfigError);
  expect(() => prepare({ file: join(folder, "none.txt") })).toThrow(/cannot read .*none\.txt/);
  expect(() => prepare({})).toThrow(/has no words/);
  const chinese = join(folder, "gb18030.txt");
  writeFileSync(chinese, Buffer.from([0xb6, 0xc4, 0xb2, 0xa9, 0x0a]));
  expect(() => prepare({ file: chinese })).toThrow(/gb18030\.txt is not UTF-8/);
});
