/** Names and places that files should not have: each works, or one error says what, where and what to do. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-odd-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = '{"instruction": "a", "input": "", "output": "b"}\n'.repeat(3);
for (const folder of ["fine", "bytes", "links"]) mkdirSync(path.join(work, folder));
for (const name of ["sp ace.jsonl", "new\nline.jsonl", "😀.jsonl", "-dash.jsonl"]) {
  writeFileSync(path.join(work, "fine", name), rows);
}
writeFileSync(path.join(work, "bytes", "good.jsonl"), rows);
writeFileSync(
  Buffer.concat([Buffer.from(`${work}/bytes/b`), Buffer.of(0xff), Buffer.from(".jsonl")]),
  rows,
);
writeFileSync(path.join(work, "links", "good.jsonl"), rows);
symlinkSync("gone", path.join(work, "links", "part.jsonl"));
symlinkSync("loop", path.join(work, "loop"));

/** Runs a command line of bash, in which `tunewright` is the program. */
function bash(command: string) {
  const program = `tunewright() { "${process.execPath}" "${root}/dist/cli/main.js" "$@"; }`;
  const options = { encoding: "utf8", cwd: work } as const;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `${program}; ${command}`], options);
  return { status, stdout, stderr };
}

describe("names of files", () => {
  it("with spaces, line ends, emoji and dashes are read", () => {
    const { status, stdout } = bash("tunewright data convert fine --out out.jsonl --json");
    expect([status, JSON.parse(stdout).rows_in]).toEqual([0, 12]);
  });

  it.each(["bytes", "'bytes/*.jsonl'"])(
    "that are not UTF-8 are not left out in silence: %s",
    (name) => {
      const { status, stderr } = bash(`tunewright data stats ${name}`);
      expect(stderr).toMatch(/bytes\/b\uFFFD\.jsonl: the name of this file is not UTF-8/);
      expect(stderr).toContain("to do: rename it, for example with: mv bytes/b?.jsonl");
      expect(status).toBe(3);
    },
  );

  it("that are not UTF-8 are not taken for others on the command line", () => {
    const { status, stderr } = bash("tunewright data stats $'bytes/b\\xff.jsonl'");
    expect(stderr).toContain("this word of the command line is not UTF-8");
    expect(status).toBe(2);
    writeFileSync(path.join(work, "\uFFFD.jsonl"), rows);
    expect(bash("tunewright data stats \uFFFD.jsonl --json").status).toBe(0);
  });
});

describe("links", () => {
  it.each(["links", "'links/*.jsonl'"])("among files that lead nowhere are told: %s", (name) => {
    const { status, stderr } = bash(`tunewright data stats ${name}`);
    expect(stderr).toMatch(/links\/part\.jsonl: no such file\n {2}why: .* is a link to gone/);
    expect(status).toBe(3);
  });

  const train = "tunewright train --model_name_or_path=none --use_cpu --lora_rank=2";
  it.each([
    ["data", "tunewright data stats loop", 3],
    ["a pipeline", "tunewright data clean fine --out q.jsonl --config loop", 2],
    ["a run to draw", "tunewright plot loop", 3],
    ["a folder of runs", "tunewright runs loop", 2],
    ["output_dir", `${train} --train_file=fine --output_dir=loop`, 2],
    ["a checkpoint", `${train} --train_file=fine --output_dir=new --resume loop`, 3],
  ])("back to themselves are named: %s", (_what, command, code) => {
    const { status, stderr } = bash(command);
    expect(stderr).toMatch(/loop is a link that leads back to itself/);
    expect(stderr).toContain("to do: ");
    expect(status).toBe(code);
  });

  it("among runs hide no other", () => {
    expect(bash("tunewright runs .")).toMatchObject({ status: 0 });
  });
});

describe("limits of a shell", () => {
  it.each([16, 20, 24, 34])("at most %d open files", (count) => {
    const { status, stderr } = bash(`ulimit -n ${count}; ${root}/tunewright data stats fine`);
    if (status === 0) return;
    expect(stderr).toMatch(/^error: .*\n {2}why: .*\n {2}to do: .*ulimit -n/s);
    expect(status).toBe(1);
  });
});
