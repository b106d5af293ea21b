import { appendFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { ChangedDataError } from "../../util/errors.js";
import { testFolder } from "../testFiles.js";
import { openRowFile } from "./index.js";

const folder = testFolder();
afterAll(() => folder.remove());

const rows = '{"a":1}\n{"a":2}\n{"a":3}\n';

/** Opens a watched file, does something to it, and reads its last row. */
async function readAfter(name: string, act: (path: string) => void) {
  const path = folder.write(name, rows);
  const file = await openRowFile(path, { watch: true });
  try {
    await file.read(0);
    act(path);
    return await file.read(2);
  } finally {
    await file.close();
  }
}

describe("a watched file whose rows are not what they were is named, and no row of it", () => {
  test.each<[string, (path: string) => void]>([
    ["other bytes of the same size", (path) => writeFileSync(path, rows.replace("3", "9"))],
    ["rows of another length", (path) => writeFileSync(path, rows.replace("1", "1111"))],
    ["something else than rows", (path) => writeFileSync(path, "not JSON at all, and longer\n")],
    ["cut off", (path) => truncateSync(path, 10)],
    ["empty", (path) => truncateSync(path, 0)],
  ])("%s", async (name, act) => {
    const error = await readAfter(`${name}.jsonl`, act).catch((cause) => cause);
    expect(error).toBeInstanceOf(ChangedDataError);
    expect(error.message).toMatch(/\.jsonl: changed while it was being read$/);
    expect(error.exitCode).toBe(3);
  });
});

describe("a watched file that still gives its rows goes on", () => {
  test.each<[string, (path: string) => void]>([
    ["touched", (path) => utimesSync(path, 1, 1)],
    ["written again with the same bytes", (path) => writeFileSync(path, rows)],
    ["appended to", (path) => appendFileSync(path, '{"a":4}\n{"a"')],
    [
      "replaced by another file of its name",
      (path) => {
        writeFileSync(`${path}.new`, '{"a":7}\n');
        renameSync(`${path}.new`, path);
      },
    ],
  ])("%s", async (name, act) => {
    expect(await readAfter(`${name}.jsonl`, act)).toEqual({ a: 3 });
  });
});

test("a second reader finds the file as the first one did, or stops", async () => {
  const path = folder.write("twice.jsonl", rows);
  const first = await openRowFile(path, { watch: true });
  await first.close();
  const watch = first.state!;
  utimesSync(path, 1, 1);
  await (await openRowFile(path, { watch })).close();
  writeFileSync(path, rows.replace("2", "8"));
  await expect(openRowFile(path, { watch })).rejects.toThrow(ChangedDataError);
});

test("a bad row of a file that was changed meanwhile is not called bad, watched or not", async () => {
  const path = folder.write("unwatched.jsonl", rows);
  const file = await openRowFile(path);
  writeFileSync(path, "x".repeat(rows.length));
  utimesSync(path, 1, 1);
  await expect(file.read(1)).rejects.toThrow(ChangedDataError);
  await file.close();
});
