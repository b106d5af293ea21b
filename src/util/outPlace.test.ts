import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkOutPlace } from "./outPlace.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-place-"));
afterAll(() => rmSync(work, { recursive: true }));

test("what a rename would replace is refused, and named", () => {
  const at = (name: string) => join(work, name);
  mkdirSync(at("folder"));
  writeFileSync(at("file"), "");
  symlinkSync(at("file"), at("link"));
  symlinkSync(at("nothing"), at("broken"));
  symlinkSync(at("folder"), at("folder-link"));
  execFileSync("mkfifo", [at("pipe")]);
  for (const free of ["file", "new", "folder-link/new", "file/below"]) checkOutPlace(at(free));
  checkOutPlace("/dev/shm/rows.jsonl");
  const refused: [string, RegExp][] = [
    ["-", /not a regular file/],
    ["/dev/stdout", /not a regular file/],
    ["/dev/null", /not a regular file/],
    ["/proc/self/fd/1", /not a regular file/],
    [at("pipe"), /not a regular file/],
    [at("folder"), /is a folder/],
    [at("folder-link"), /is a folder/],
    [at("new/"), /is a folder/],
    [at("link"), /is a symbolic link/],
    [at("broken"), /is a symbolic link/],
  ];
  for (const [out, expected] of refused) expect(() => checkOutPlace(out), out).toThrow(expected);
});
