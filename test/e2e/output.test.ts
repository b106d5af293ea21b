/** Commands whose output nobody reads, or nobody can write: what is asked for, and what is only shown. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-output-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const row = { messages: ["user", "assistant"].map((role) => ({ role, content: "hello" })) };
writeFileSync(path.join(work, "rows.jsonl"), `${JSON.stringify(row)}\n`.repeat(50));
writeFileSync(path.join(work, "axolotl.yml"), "base_model: some/model\nmicro_batch_size: 2\n");

/** Runs a command by the shell, which redirects its output. */
function shell(words: string, redirection: string) {
  const command = `"$NODE" "$MAIN" ${words} ${redirection}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", command], {
    encoding: "utf8",
    cwd: work,
    env: { ...process.env, NODE: process.execPath, MAIN: main },
  });
  return { status, lines: stdout.split("\n").length - 1, stderr };
}

const commands = [
  "data stats rows.jsonl",
  "data preview rows.jsonl --limit 40",
  "data clean rows.jsonl --out clean.jsonl",
  "data convert rows.jsonl --out converted.jsonl",
  "config import axolotl.yml",
  "doctor --no-measure",
];

it.each(commands)(
  "%s: readers may leave, a full disk is an error",
  (words) => {
    // `true` reads nothing, so that the first write already finds nobody.
    expect(shell(words, "| true")).toMatchObject({ status: 0, lines: 0 });
    expect(shell(words, ">/dev/full")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("error: a part of the output is lost\n  why: ENOSPC on"),
    });
    const silent = shell(words, "2>/dev/full");
    expect(silent).toMatchObject({ status: 0, stderr: "" });
    expect(silent.lines).toBeGreaterThan(0);
    expect(shell(words, ">&- 2>&-")).toEqual({ status: 0, lines: 0, stderr: "" });
    for (const [, out] of words.matchAll(/--out (\S+)/g)) {
      expect(existsSync(path.join(work, out!))).toBe(true);
    }
  },
  120_000,
);
