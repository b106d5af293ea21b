/** Changed sources that are read as a stream or unpacked, and another number of threads, on resume. */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { storedZstd } from "../../src/data/rowFile/testRows.js";
import type { TunewrightError } from "../../src/util/errors.js";
import { outcomeOf, requireSame, scratch, trainHere } from "../faults/runs.js";

const row = (number: number, answer: string) =>
  `${JSON.stringify({
    messages: [
      { role: "user", content: `Is ${number} a number?` },
      { role: "assistant", content: answer },
    ],
  })}\n`;
const rows = (changed = -1) =>
  Array.from({ length: 20 }, (_, i) => row(i + 10, i === changed ? "No." : "Yes")).join("");

const flags = (file: string, more: readonly string[]) => [
  `--train_file=${file}`,
  "--lora_rank=2",
  "--max_steps=4",
  "--save_steps=2",
  ...more,
];
const streaming = ["--streaming", "--shuffle_buffer_size=8"];

/** A run, and a copy of it that was stopped at its first checkpoint. */
async function stoppedRun(file: string, more: readonly string[]) {
  const whole = scratch("whole");
  await trainHere(whole, flags(file, more));
  const stopped = scratch("stopped");
  cpSync(whole, stopped, { recursive: true });
  rmSync(path.join(stopped, "checkpoint-4"), { recursive: true });
  return { whole, stopped };
}

describe("a source that was changed since the checkpoint", () => {
  it.each<[string, string, (text: string) => Uint8Array | string, readonly string[]]>([
    ["a stream", "rows.jsonl", (text) => text, streaming],
    ["a compressed stream", "rows.jsonl.gz", (text) => gzipSync(text), streaming],
    ["gzip", "rows.jsonl.gz", (text) => gzipSync(text), []],
    ["zstd", "rows.jsonl.zst", (text) => storedZstd(Buffer.from(text)), []],
  ])(
    "%s: refused by name, and read on where it is the same",
    async (_name, ending, pack, more) => {
      const file = `${scratch("rows")}-${ending}`;
      writeFileSync(file, pack(rows()));
      const { whole, stopped } = await stoppedRun(file, more);
      const resume = (...others: string[]) =>
        trainHere(stopped, flags(file, [...more, "--resume", ...others]));

      writeFileSync(file, pack(rows(3)));
      const error: TunewrightError = await resume().then(
        () => expect.fail("it went on"),
        (cause) => cause,
      );
      expect(error.message).toContain(path.basename(file));
      expect(error.todo).toContain("resume_changes all");
      expect(error.exitCode).toBe(3);

      writeFileSync(file, pack(rows()));
      await resume();
      requireSame(stopped, outcomeOf(whole));
    },
    120_000,
  );
});

describe("another number of threads", () => {
  const before = process.env.OMP_NUM_THREADS;
  afterEach(() => {
    if (before === undefined) delete process.env.OMP_NUM_THREADS;
    else process.env.OMP_NUM_THREADS = before;
  });

  it("is told, with how to keep it", async () => {
    const file = scratch("rows");
    writeFileSync(file, rows());
    process.env.OMP_NUM_THREADS = "1";
    const { stopped } = await stoppedRun(file, []);
    process.env.OMP_NUM_THREADS = "2";
    const said: string[] = [];
    await trainHere(stopped, flags(file, ["--resume"]), { say: (line) => said.push(line) });
    expect(said.join("\n")).toMatch(
      /Not exact: the number of threads was 1 and is now 2; .*OMP_NUM_THREADS=1 keeps/,
    );
  }, 120_000);
});
