import { afterAll, describe, expect, test } from "vitest";
import { Float } from "../../util/json/index.js";
import { testFolder } from "../testFiles.js";
import { openRowFile } from "./rowFile.js";
import { readAll, refusal } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());

describe("a JSONL file", () => {
  test("gives any row, with Chinese, CRLF, a byte order mark and no newline at the end", async () => {
    const path = folder.write("mixed.jsonl", '\uFEFF{"a":"你好\u{1F600}"}\r\n  {"a":2}\t\n{"a":3}');
    expect(await readAll(path)).toEqual([
      { line: 1, value: { a: "你好\u{1F600}" } },
      { line: 2, value: { a: 2 } },
      { line: 3, value: { a: 3 } },
    ]);
  });

  test("quotes a broken row without the characters that steer a terminal", async () => {
    const path = folder.write("escape.jsonl", '{"a": x\u001b[2J}\n');
    const why = (await refusal(path, {}, 0))?.why;
    expect(why).toContain("x\\x1b[2J");
    expect(why).not.toContain("\u001b");
  });

  test("does not count blank lines as rows and still knows each row's line", async () => {
    const path = folder.write("blank.jsonl", '{"a":1}\n\n \r\n{"a":2}\n\n{"a":3}\n\n\n');
    expect((await readAll(path)).map(({ line }) => line)).toEqual([1, 4, 6]);
  });

  test("finds rows across the borders of what is read at once", async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => ({
      index,
      text: "文".repeat((index * 7919) % 2500),
    }));
    const path = folder.write("long.jsonl", [...rows]);
    const read = await readAll(path);
    expect(read.map(({ value }) => value)).toEqual(rows);
    expect(read.at(-1)!.line).toBe(3000);
  }, 30_000);

  test("keeps integers, floats and the order of keys as they are", async () => {
    const path = folder.write(
      "large.jsonl",
      '{"id":12345678901234567890,"n":[-9007199254740993, 9007199254740991],' +
        '"x":0.12345678901234567890,"y":1e-30,"z":12345678901234567890.5,' +
        '"text":"a \\" 12345678901234567890, 号:12345678901234567890]\\\\","k":{"12345678901234567890":1}}\n',
    );
    expect((await readAll(path))[0]!.value).toEqual({
      id: 12345678901234567890n,
      n: [-9007199254740993n, 9007199254740991],
      x: new Float(0.12345678901234568),
      y: new Float(1e-30),
      z: new Float(12345678901234567000),
      text: 'a " 12345678901234567890, 号:12345678901234567890]\\',
      k: { "12345678901234567890": 1 },
    });
  });

  test("without any row is empty", async () => {
    expect(await readAll(folder.write("empty.jsonl", ""))).toEqual([]);
    expect(await readAll(folder.write("spaces.jsonl", "\n \n"))).toEqual([]);
  });

  test("names file and line of a broken row", async () => {
    const path = folder.write("broken.jsonl", '{"a":1}\n\n{"a":\n');
    expect(await refusal(path, {}, 1)).toMatchObject({
      name: "DataError",
      what: "FILE:3: not valid JSON",
    });
    const picture = folder.write("picture.jsonl", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]));
    expect(await refusal(picture, {}, 0)).toMatchObject({
      todo: "give the file that contains the conversations",
    });
    const deep = folder.write("deep.jsonl", `{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}`);
    expect(await refusal(deep, {}, 0)).toMatchObject({
      what: "FILE:1: lists or objects are nested more than 100 deep",
    });
    const long = folder.write("long-row.jsonl", `{"a":1}\n{"a":"${"x".repeat(17 << 20)}"}\n`);
    expect(await refusal(long, { cache: folder.path("cache") }, 1)).toMatchObject({
      what: "FILE:2: the row is 18 MB long",
    });
    const gbk = Buffer.from([0x22, 0xc4, 0xe3, 0xba, 0xc3, 0x22]);
    const mixed = folder.write("mixed-up.jsonl", Buffer.concat([Buffer.from('"你"\n'), gbk]));
    expect(await refusal(mixed, {}, 1)).toMatchObject({
      name: "DataError",
      what: "FILE:2: not UTF-8",
      todo: expect.stringMatching(/iconv/),
    });
  });
});

describe("a JSON array", () => {
  test("gives its elements, with brackets, commas and escaped quotes inside texts", async () => {
    const rows = [{ a: ['],{"\\', { b: [1, [2]] }] }, { a: '"' }, [1, [2]], "text,]", 5];
    const path = folder.write("array.json", JSON.stringify(rows, null, 2));
    expect((await readAll(path)).map(({ value }) => value)).toEqual(rows);
    const dense = folder.write("dense.json", JSON.stringify(rows));
    expect((await readAll(dense)).map(({ value }) => value)).toEqual(rows);
  });

  test("knows each element's line", async () => {
    const path = folder.write("lines.json", '[\n{"a": 1},\n{"a":\n2}\n,\n{"a": 3}\n]\n');
    expect((await readAll(path)).map(({ line }) => line)).toEqual([2, 3, 6]);
  });

  test("may be empty", async () => {
    expect(await readAll(folder.write("none.json", " [ ]\n"))).toEqual([]);
  });

  test("that does not end, or goes on behind its end, is refused with the line", async () => {
    const open = folder.write("open.json", '[{"a":1},\n{"a":2}');
    expect(await refusal(open)).toMatchObject({ what: "FILE:2: not a valid JSON array" });
    const more = folder.write("more.json", '[{"a":1}]\n\n[{"a":2}]');
    expect(await refusal(more)).toMatchObject({ what: "FILE:3: not a valid JSON array" });
  });
});

describe("another file", () => {
  test.each([
    ["rows.zip", Buffer.from("PK\u0003\u0004rest", "latin1"), "FILE is a zip archive"],
    ["rows.jsonl", Buffer.from("BZh91AY&SY", "latin1"), "FILE is compressed (bzip2)"],
    ["rows.feather", Buffer.from("FEA1"), "FILE is a Feather file of version 1"],
    ["rows.arrow", Buffer.from("ARROW1\0\0"), "FILE: cannot be read as Arrow"],
    ["stream.arrow", Buffer.from("ffffffff10000000", "hex"), "FILE: cannot be read as Arrow"],
    ["old.arrow", Buffer.from("1000000010000000", "hex"), "FILE: cannot be read as Arrow"],
    ["rows.tar", Buffer.from(`${"x".repeat(257)}ustar`), "FILE is a tar archive"],
  ])("%s is refused by its first bytes", async (name, bytes, what) => {
    expect(await refusal(folder.write(name, bytes))).toMatchObject({ name: "DataError", what });
  });

  test("that is missing or a folder is refused", async () => {
    expect(await refusal(folder.path("none"))).toMatchObject({ what: "FILE: no such file" });
    expect(await refusal(folder.path("."))).toMatchObject({ what: "FILE: is a folder" });
  });
});

test("a file that shrinks while it is open is an error, not a cut row", async () => {
  const path = folder.write("shrinks.jsonl", '{"a":1}\n{"a":2}\n');
  const file = await openRowFile(path);
  folder.write("shrinks.jsonl", '{"a":1}\n');
  await expect(file.read(1)).rejects.toThrow(/: changed while it was being read/);
  await file.close();
});
