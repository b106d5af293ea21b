/** `data cache` and `--encoding` from outside. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;

const folder = mkdtempSync(path.join(tmpdir(), "tunewright-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const cache = path.join(folder, "cache");

function tunewright(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", tsx, main, ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, TUNEWRIGHT_CACHE: cache },
  });
  return { code: status, stdout, stderr };
}

const row = { conversation: [{ human: "你好", assistant: "hello" }] };

test("compressed rows are kept, listed and removed", () => {
  const data = path.join(folder, "rows.jsonl.gz");
  writeFileSync(data, gzipSync(`${JSON.stringify(row)}\n{"broken"\n`));
  const convert = tunewright("data", "convert", data, "--out", "out.jsonl", "--json");
  expect(convert.code).toBe(0);
  expect(JSON.parse(convert.stdout)).toMatchObject({ rows_in: 2, rows_out: 1, rows_rejected: 1 });
  expect(convert.stderr).toContain("rows.jsonl.gz:2: not valid JSON");

  const listed = JSON.parse(tunewright("data", "cache", "--json").stdout);
  expect(listed).toMatchObject({
    folder: cache,
    cleared: false,
    files: [{ source: data, holds: "rows", source_exists: true }],
  });
  expect(listed.bytes).toBeGreaterThan(0);
  expect(tunewright("data", "cache").stdout).toMatch(/0\.0 MB {2}rows +.*rows\.jsonl\.gz\n/);

  expect(tunewright("data", "cache", "--clear", "--gone").stdout).toContain("of 0 files deleted");
  rmSync(data);
  expect(tunewright("data", "cache").stdout).toContain("rows.jsonl.gz (no longer exists)");
  expect(tunewright("data", "cache", "--clear", "--gone").stdout).toContain("of 1 file deleted");
  // The files of locks stay.
  expect(readdirSync(cache).filter((name) => !name.endsWith(".lock"))).toEqual([]);
});

test("a file in UTF-16 is refused with the command that helps, and read with --encoding", () => {
  writeFileSync(path.join(folder, "wide.jsonl"), `\uFEFF${JSON.stringify(row)}\n`, "utf16le");
  const refused = tunewright("data", "convert", "wide.jsonl", "--out", "wide.out.jsonl");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("wide.jsonl is UTF-16");
  expect(refused.stderr).toContain("iconv -f UTF-16LE -t UTF-8 wide.jsonl > utf8.jsonl");
  const flags = ["--encoding", "utf-16le", "--out", "wide.out.jsonl"];
  expect(tunewright("data", "convert", "wide.jsonl", ...flags)).toMatchObject({ code: 0 });
  expect(readFileSync(path.join(folder, "wide.out.jsonl"), "utf8")).toContain("你好");
  const wrong = tunewright("data", "convert", "wide.jsonl", "--encoding", "klingon", "--out", "x");
  expect(wrong.code).toBe(2);
});
