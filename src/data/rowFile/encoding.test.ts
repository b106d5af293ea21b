/** Texts that are not UTF-8. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { readAll, refusal } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const cache = folder.path("cache");

const simplified = "你好，我想知道这个问题怎么解决。他们说的是对的。";
const traditional = "你好，我想知道這個問題怎麼解決。他們說的是對的。";
const japanese = "こんにちは、これはテストです。";
const korean = "안녕하세요, 이것은 시험입니다. 그리고 하나 더 있습니다.";
const hasIconv = spawnSync("iconv", ["--version"]).status === 0;

/** JSONL of a text in an encoding, made by iconv. */
function inEncoding(text: string, encoding: string): { bytes: Buffer; rows: object[] } {
  const rows = [{ text }, { text: "hello" }, { text: text.repeat(30) }];
  const input = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const { stdout, status } = spawnSync("iconv", ["-f", "UTF-8", "-t", encoding], { input });
  expect(status).toBe(0);
  return { bytes: stdout, rows };
}

describe.skipIf(!hasIconv)("a file in another encoding", () => {
  const cases = [
    ["GB18030", "gb18030", simplified],
    ["GBK", "gb18030", simplified],
    ["BIG5", "big5", traditional],
    ["SHIFT_JIS", "shift_jis", japanese],
    ["EUC-JP", "euc-jp", japanese],
    ["CP949", "euc-kr", korean],
    ["UTF-16LE", "utf-16le", simplified],
    ["UTF-16BE", "utf-16be", simplified],
    ["UTF-16", "utf-16le", simplified],
  ] as const;

  test.each(cases)(
    "%s is refused, with a command that makes it UTF-8",
    async (name, guess, text) => {
      const { bytes, rows } = inEncoding(text, name);
      const path = folder.write(`${name} it's.jsonl`, bytes);
      const error = (await refusal(path, { cache }))!;
      expect(error).toMatchObject({ name: "DataError", what: expect.stringMatching(/^FILE is /) });
      expect(error.todo).toContain(`--encoding ${guess}`);
      const raw = await refusal(path, { cache });
      expect(raw).toEqual(error);
      const { openRowFile } = await import("./rowFile.js");
      const thrown = await openRowFile(path, { cache }).catch((caught) => caught);
      const command = /iconv .*(?=;)/.exec(thrown.todo)![0];
      expect(spawnSync("sh", ["-c", command], { cwd: folder.path(".") }).status).toBe(0);
      const converted = folder.write("converted.jsonl", readFileSync(folder.path("utf8.jsonl")));
      expect((await readAll(converted)).map(({ value }) => value)).toEqual(rows);
    },
  );

  test.each(cases)("%s is read when it is named, compressed too", async (name, guess, text) => {
    const { bytes, rows } = inEncoding(text, name);
    const options = { cache, encoding: guess };
    for (const path of [
      folder.write(`${name}.jsonl`, bytes),
      folder.write(`${name}.jsonl.gz`, gzipSync(bytes)),
    ]) {
      const read = await readAll(path, options);
      expect(read).toEqual(rows.map((value, index) => ({ line: index + 1, value })));
    }
  });

  test("CSV in GBK is refused, and read when it is named", async () => {
    const { stdout } = spawnSync("iconv", ["-t", "GBK"], {
      input: `instruction,output\n${simplified},好的\n`,
    });
    const path = folder.write("gbk.csv", stdout);
    expect(await refusal(path, { cache })).toMatchObject({
      todo: expect.stringContaining("--encoding gb18030"),
    });
    const [row] = await readAll(path, { cache, encoding: "GBK" });
    expect(row!.value).toEqual({ instruction: simplified, output: "好的" });
  });
});

test("UTF-8 with a few rows of other bytes stays readable row by row", async () => {
  const good = `${JSON.stringify({ text: simplified })}\n`.repeat(5);
  const bad = Buffer.from([0x22, 0xc4, 0xe3, 0xba, 0xc3, 0x22, 0x0a]);
  const path = folder.write("few.jsonl", Buffer.concat([Buffer.from(good), bad]));
  expect(await refusal(path, { cache }, 4)).toBeUndefined();
  expect(await refusal(path, { cache }, 5)).toMatchObject({ what: "FILE:6: not UTF-8" });
});

test("bytes of no known encoding are left to the rows, without a wrong guess", async () => {
  const bytes = Buffer.from('{"a":"\xff\xfe\xff\xff\x80\xff"}\n'.repeat(3), "latin1");
  const path = folder.write("noise.jsonl", bytes);
  expect(await refusal(path, { cache })).toBeUndefined();
  expect(await refusal(path, { cache }, 2)).toMatchObject({ what: "FILE:3: not UTF-8" });
});

test("one row of GBK does not make a file of English GBK", async () => {
  const rows = '{"text":"hello"}\n'.repeat(9);
  const row = Buffer.from([0x22, 0xc4, 0xe3, 0xca, 0xc7, 0xb5, 0xc4, 0x22, 0x0a]);
  const path = folder.write("english.jsonl", Buffer.concat([Buffer.from(rows), row]));
  expect(await refusal(path, { cache }, 8)).toBeUndefined();
  expect(await refusal(path, { cache }, 9)).toMatchObject({ what: "FILE:10: not UTF-8" });
});

test("text that is not in the encoding that was named is refused with the place", async () => {
  const path = folder.write("wrong.jsonl", Buffer.from('{"a":1}\n{"a":"\xff"}\n', "latin1"));
  expect(await refusal(path, { cache, encoding: "gb18030" })).toMatchObject({
    name: "DataError",
    what: expect.stringMatching(/^FILE: not valid gb18030, at about line \d/),
  });
});

test("an encoding that nobody knows is a wrong argument", async () => {
  const path = folder.write("any.jsonl", '{"a":1}\n');
  expect(await refusal(path, { encoding: "klingon" })).toMatchObject({
    name: "ConfigError",
    what: "--encoding klingon: unknown encoding",
  });
  expect(await refusal(path, { encoding: "UTF8" })).toBeUndefined();
});
