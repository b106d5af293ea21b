/** What is kept from data files: found again, made again when it has to be, listed and removed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "../../util/fileLock.js";
import { packageRoot } from "../../util/packageRoot.js";
import { testFolder } from "../testFiles.js";
import { clearCache, listCache } from "./cacheList.js";
import { openRowFile } from "./rowFile.js";
import { readAll } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const cache = folder.path("cache");
beforeEach(() => rm(cache, { recursive: true, force: true }));

/** What the cache holds beside the files of its locks, which stay. */
const kept = () => readdirSync(cache).filter((name) => !name.endsWith(".lock"));

/** JSONL that is large enough for its index to be kept: 18 MB, blank lines between rows. */
const row = (index: number) => ({ index, text: "你好 hello ".repeat(300 + (index % 5)) });
const large = Array.from({ length: 4500 }, (_, index) => `${JSON.stringify(row(index))}\n`).join(
  "\n",
);

/** Opens, and tells how much of the file was read through for it. */
async function open(path: string) {
  let scanned = 0;
  const file = await openRowFile(path, {
    cache,
    onProgress: (bytes) => {
      scanned = bytes;
    },
  });
  const rows = file.rows;
  const last = await file.read(rows - 1);
  const line = file.line(rows - 1);
  await file.close();
  return { scanned, rows, last, line };
}

describe("the index of a large file", () => {
  test("is made once, and tells rows and lines the same when it is found again", async () => {
    const path = folder.write("large.jsonl", large);
    const { size } = statSync(path);
    const first = await open(path);
    expect(first).toEqual({ scanned: size, rows: 4500, last: row(4499), line: 8999 });
    const again = await open(path);
    expect(again).toEqual({ ...first, scanned: 0 });
    const file = await openRowFile(path, { cache });
    for (const at of [0, 1, 2345, 4498]) {
      expect(await file.read(at)).toEqual(row(at));
      expect(file.line(at)).toBe(2 * at + 1);
    }
    await file.close();
  });

  test("is made again when size, time or content of the file is another one", async () => {
    const path = folder.write("changes.jsonl", large);
    const { size, mtime } = statSync(path);
    await open(path);
    utimesSync(path, mtime, new Date(mtime.getTime() + 1000));
    expect(await open(path)).toMatchObject({ scanned: size });
    expect(await open(path)).toMatchObject({ scanned: 0 });
    writeFileSync(path, large.replace('{"index":0,', '{"index":9,'));
    utimesSync(path, mtime, new Date(mtime.getTime() + 1000));
    expect(await open(path)).toMatchObject({ scanned: size });
    writeFileSync(path, `${large}\n{"last":"行"}`);
    utimesSync(path, mtime, new Date(mtime.getTime() + 1000));
    expect(await open(path)).toMatchObject({ rows: 4501, last: { last: "行" } });
  });

  test("is made again when its files were damaged in any way", async () => {
    const path = folder.write("damaged.jsonl", large);
    const { size } = statSync(path);
    const whole = await open(path);
    const entry = join(cache, kept()[0]!);
    const damages: [string, (bytes: Buffer) => Buffer | string][] = [
      ["offsets", (bytes) => bytes.subarray(0, bytes.length - 1)],
      ["offsets", () => ""],
      ["offsets", (bytes) => bytes.fill(7, 1000, 1001)],
      ["lines", (bytes) => bytes.fill(7, 20000, 20001)],
      ["entry.json", (bytes) => bytes.subarray(0, 100)],
      ["entry.json", () => "{}"],
      ["entry.json", () => "null"],
      ["entry.json", (bytes) => bytes.toString().replace('"rows": 4500', '"rows": 4400')],
    ];
    for (const [name, damage] of damages) {
      writeFileSync(join(entry, name), damage(readFileSync(join(entry, name))));
      expect(await open(path)).toEqual({ ...whole, scanned: size });
      expect(await open(path)).toEqual({ ...whole, scanned: 0 });
    }
    await rm(join(entry, "lines"));
    expect(await open(path)).toEqual({ ...whole, scanned: size });
  });

  test("is not kept for a small file", async () => {
    await readAll(folder.write("small.jsonl", '{"a":1}\n'), { cache });
    expect(existsSync(cache)).toBe(false);
  });
});

describe("unpacked rows", () => {
  test("are made once for all who ask at the same time", async () => {
    const path = folder.write("shared.jsonl.gz", gzipSync(large));
    const all = await Promise.all(Array.from({ length: 6 }, () => open(path)));
    expect(all.filter(({ scanned }) => scanned > 0)).toHaveLength(1);
    expect(new Set(all.map(({ rows }) => rows))).toEqual(new Set([4500]));
    expect(kept()).toHaveLength(1);
  });

  test("are made once by several processes, whatever one that was killed left", async () => {
    const path = folder.write("processes.jsonl.gz", gzipSync(large));
    await open(path);
    const [name] = kept();
    await rm(join(cache, name!), { recursive: true });
    const ended = spawn(process.execPath, ["-e", ""]);
    await once(ended, "exit");
    writeFileSync(join(cache, `${name}.lock`), `${hostname()} ${ended.pid}\n`);
    await mkdir(join(cache, `${name}.0.partial`));
    const module = pathToFileURL(join(packageRoot(), "src/data/rowFile/index.ts")).href;
    const tsx = pathToFileURL(join(packageRoot(), "node_modules/tsx/dist/esm/index.mjs")).href;
    const script = `
      const { openRowFile } = await import(${JSON.stringify(module)});
      let scanned = 0;
      const onProgress = (bytes) => { scanned = bytes; };
      const file = await openRowFile(process.argv[1], { cache: process.argv[2], onProgress });
      console.log(JSON.stringify({ rows: file.rows, made: scanned > 0 }));`;
    const outputs = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const flags = ["--import", tsx, "--input-type=module", "-e", script, path, cache];
        const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
        let text = "";
        child.stdout.on("data", (chunk) => {
          text += chunk;
        });
        await once(child, "close");
        return JSON.parse(text);
      }),
    );
    expect(outputs.filter(({ made }) => made)).toHaveLength(1);
    expect(outputs.map(({ rows }) => rows)).toEqual([4500, 4500, 4500]);
    expect(kept()).toEqual([name]);
  });

  test("are made again when the file is another one, or when they were cut", async () => {
    const path = folder.write("again.jsonl.gz", gzipSync('{"a":1}\n'));
    expect(await readAll(path, { cache })).toHaveLength(1);
    folder.write("again.jsonl.gz", gzipSync('{"a":1}\n{"a":2}\n'));
    expect(await readAll(path, { cache })).toHaveLength(2);
    const [name] = kept();
    writeFileSync(join(cache, name!, "rows.jsonl"), '{"a":1}\n');
    expect(await readAll(path, { cache })).toHaveLength(2);
    expect(kept()).toEqual([name]);
  });

  test("can be removed while they are read", async () => {
    const path = folder.write("removed.jsonl.gz", gzipSync('{"a":"行"}\n'));
    const file = await openRowFile(path, { cache });
    expect(await clearCache(undefined, cache)).toMatchObject([{ source: path, holds: "rows" }]);
    expect(kept()).toEqual([]);
    expect(await file.read(0)).toEqual({ a: "行" });
    await file.close();
  });
});

test("the list names what is kept, with its size, and whether its file is still there", async () => {
  const index = folder.write("a.jsonl", large);
  const rows = folder.write("b.jsonl.gz", gzipSync('{"a":1}\n'));
  await open(index);
  await readAll(rows, { cache });
  await rm(rows);
  await mkdir(join(cache, "c.gz-0123.0.partial"));
  await mkdir(join(cache, "of somebody else"));
  expect(listCache(cache)).toMatchObject({
    folder: cache,
    files: [
      { source: index, holds: "index", sourceExists: true },
      { source: rows, holds: "rows", sourceExists: false },
      { source: undefined, holds: "unfinished", bytes: 0 },
    ],
  });
  const sizes = listCache(cache).files.map(({ bytes }) => bytes);
  expect(sizes[0]).toBeGreaterThan(4500 * 16);
  await clearCache(({ sourceExists }) => !sourceExists, cache);
  expect(listCache(cache).files).toMatchObject([{ source: index }]);
  await clearCache(undefined, cache);
  expect(kept()).toEqual(["of somebody else"]);
});

test("what is being made is not removed", async () => {
  const path = folder.write("making.jsonl.gz", gzipSync('{"a":1}\n'));
  await readAll(path, { cache });
  const [name] = kept();
  await mkdir(join(cache, `${name}.1.partial`));
  await withLock(join(cache, `${name}.lock`), async () => {
    expect(await clearCache(undefined, cache)).toEqual([]);
  });
  expect(kept()).toHaveLength(2);
  expect(await clearCache(undefined, cache)).toHaveLength(2);
  expect(kept()).toEqual([]);
});

test("a folder that cannot be written to is a wrong argument", async () => {
  const blocked = folder.write("file", "");
  const path = folder.write("x.jsonl.gz", gzipSync("{}\n"));
  await expect(openRowFile(path, { cache: join(blocked, "cache") })).rejects.toThrow(
    /cache: the cache folder cannot be written to/,
  );
});
