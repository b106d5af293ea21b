/** Rows of gzip and zstd files. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { duckdb, readAll, refusal, zstdFrames, zstdRows } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const options = { cache: folder.path("cache") };

const rows = Array.from({ length: 5000 }, (_, index) => ({
  index,
  text: `第${index}行，${"你好 hello ".repeat(index % 50)}`,
}));
const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const values = async (path: string) => (await readAll(path, options)).map(({ value }) => value);

describe("gzip", () => {
  test("of JSONL, of an array, and of several members gives any row with its line", async () => {
    const half = jsonl.indexOf("\n", jsonl.length / 2) + 5;
    const members = [jsonl.slice(0, half), jsonl.slice(half)].map((part) => gzipSync(part));
    const read = await readAll(folder.write("members.jsonl.gz", Buffer.concat(members)), options);
    expect(read.map(({ value }) => value)).toEqual(rows);
    expect(read.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 1));
    const array = gzipSync(JSON.stringify(rows, null, 1));
    expect(await values(folder.write("array.json.gz", array))).toEqual(rows);
    // Nothing in the name says so.
    expect(await values(folder.write("plain.jsonl", gzipSync('{"a":1}')))).toEqual([{ a: 1 }]);
  });

  test("names the compressed file and the line inside it where a row is broken", async () => {
    const path = folder.write("broken.jsonl.gz", gzipSync('{"a":1}\n\n{"a":\n{"a":3}\n'));
    expect(await refusal(path, options, 1)).toMatchObject({ what: "FILE:3: not valid JSON" });
    expect(await refusal(path, options, 2)).toBeUndefined();
  });

  test("that is cut, changed, or followed by something else is refused, every time", async () => {
    const whole = gzipSync(jsonl);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 0x10;
    const cases = {
      "cut.gz": [whole.subarray(0, -20), "the file ends too early"],
      "start.gz": [whole.subarray(0, 11), "the file ends too early"],
      "flipped.gz": [flipped, expect.any(String)],
      "more.gz": [Buffer.concat([whole, Buffer.from('{"a":1}\n')]), expect.any(String)],
      "zeros.gz": [
        Buffer.concat([whole, Buffer.from('\0\0{"a":1}\n')]),
        "there is other data after the gzip data",
      ],
    } as const;
    for (const [name, [bytes, why]] of Object.entries(cases)) {
      const path = folder.write(name, bytes);
      for (let time = 0; time < 2; time++) {
        expect(await refusal(path, options)).toMatchObject({
          name: "DataError",
          what: "FILE: the gzip data are damaged",
          why,
        });
      }
    }
    const padded = folder.write("padded.gz", Buffer.concat([whole, Buffer.alloc(512)]));
    expect(await values(padded)).toEqual(rows);
  });

  test("of something compressed is refused", async () => {
    const path = folder.write("twice.gz", gzipSync(gzipSync(jsonl)));
    expect(await refusal(path, options)).toMatchObject({
      what: "FILE: compressed twice (gzip inside)",
    });
  });
});

describe("zstd", () => {
  test("of several frames gives the rows of all", async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const [first, second] = zstdFrames;
    const path = folder.write("frames.jsonl.zst", Buffer.concat([first, skippable, second]));
    expect(await values(path)).toEqual(zstdRows);
    const led = folder.write("led.jsonl.zst", Buffer.concat([skippable, second]));
    expect(await values(led)).toEqual([zstdRows[2]]);
  });

  test("of many blocks gives all rows", async () => {
    const plain = folder.write("many.jsonl", jsonl);
    const path = folder.path("many.jsonl.zst");
    await duckdb(
      `COPY (SELECT * FROM read_json('${plain}')) TO '${path}' (FORMAT json, COMPRESSION zstd)`,
    );
    expect(await values(path)).toEqual(rows);
  });

  test("that is cut or changed is refused", async () => {
    const whole = Buffer.concat(zstdFrames);
    for (const at of [4, 6, 20, 50, zstdFrames[0].length - 1, whole.length - 2]) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 0x04;
      for (const [name, bytes] of [
        [`cut${at}.zst`, whole.subarray(0, at + 1)],
        [`flipped${at}.zst`, flipped],
      ] as const) {
        // Cut where a frame ends, nothing is wrong with the file.
        if (bytes.length === zstdFrames[0].length) continue;
        expect([name, await refusal(folder.write(name, bytes), options)]).toMatchObject([
          name,
          { name: "DataError", what: "FILE: the zstd data are damaged" },
        ]);
      }
    }
  });

  test("of a window that is too large says how to unpack it", async () => {
    // A frame header without a size, and a window of 2^27 bytes.
    const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 1, 0, 0, 0]);
    expect(await refusal(folder.write("long.zst", header), options)).toMatchObject({
      why: expect.stringMatching(/window of 128 MiB .* unzstd --long=31/),
    });
  });

  const hasTool = spawnSync("zstd", ["--version"]).status === 0;
  test.skipIf(!hasTool)("of the tool itself, at several levels, gives every byte", async () => {
    const plain = folder.write("tool.jsonl", jsonl);
    for (const flags of [["-1"], ["-19"], ["-3", "--no-check"]]) {
      const path = folder.path(`tool${flags.join("")}.jsonl.zst`);
      expect(spawnSync("zstd", ["-qf", ...flags, plain, "-o", path]).status).toBe(0);
      expect(readFileSync(path).length).toBeLessThan(jsonl.length);
      expect(await values(path)).toEqual(rows);
    }
  });
});
