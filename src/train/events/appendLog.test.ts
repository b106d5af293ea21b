import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openAppendLog } from "./appendLog.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-log-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it("lines that a limit keeps out are whole or absent, told once, and written when it is lifted", () => {
  const file = join(work, "limited.jsonl");
  const errors: string[] = [];
  const pid = String(process.pid);
  const log = openAppendLog(file, (error) => errors.push(String(error)));
  const lines = Array.from({ length: 6 }, (_, i) => `{"line":${i},"text":"${"x".repeat(20)}"}\n`);
  try {
    log.append(lines[0]!);
    execFileSync("prlimit", ["--pid", pid, `--fsize=${lines[0]!.length * 2 + 9}:unlimited`]);
    for (const line of lines.slice(1, 5)) log.append(line);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("EFBIG");
    expect(readFileSync(file, "utf8")).toBe(lines.slice(0, 2).join(""));
  } finally {
    execFileSync("prlimit", ["--pid", pid, "--fsize=unlimited:unlimited"]);
  }
  log.append(lines[5]!);
  expect(readFileSync(file, "utf8")).toBe(lines.join(""));
  log.sync();
  log.close();
});
