/** `data convert` from outside, between formats; and `check` on what rows become. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { builtinModelPath } from "../../util/builtin-model.js";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
const folder = mkdtempSync(path.join(tmpdir(), "tunewright-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, ...rows: unknown[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

function tunewright(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", tsx, main, ...args], {
    encoding: "utf8",
    cwd: folder,
  });
  return { code: status, stdout, stderr };
}

const rows = (name: string) =>
  readFileSync(path.join(folder, name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("data convert", () => {
  test("--to writes another format, and lists what that has no place for", () => {
    const file = write(
      "alpaca.jsonl",
      { instruction: "问", output: "我是 {{name}}", kind: "qa" },
      { instruction: "q", output: "a", history: [["h", "i"]] },
    );
    const args = ["data", "convert", file, "--to", "prompt_completion", "--out", "pc.jsonl"];
    const { code, stdout, stderr } = tunewright(...args, "--set", "name=小明", "--json");
    expect(JSON.parse(stdout)).toEqual({ rows_in: 2, rows_out: 1, rows_rejected: 1 });
    expect(rows("pc.jsonl")).toEqual([{ prompt: "问", completion: "我是 小明", kind: "qa" }]);
    expect(stderr).toContain(
      "alpaca.jsonl:2: the format prompt_completion cannot express several turns",
    );
    expect(code).toBe(0);
  });

  test("warns of placeholders that nothing was put in for", () => {
    const file = write("identity.jsonl", { instruction: "hi", output: "I am {{name}}." });
    const { code, stderr, stdout } = tunewright(
      "data",
      "convert",
      file,
      "--out",
      "i.jsonl",
      "--json",
    );
    expect(stderr).toContain("warning: 1 rows contain {{name}}; use --set name=VALUE");
    expect(JSON.parse(stdout)).toMatchObject({ placeholders: { name: 1 } });
    expect(code).toBe(0);
  });

  test.each([
    [["--to", "mos"], /unknown data format "mos"/],
    [["--moss-learn", "answers,dreams"], /--moss-learn dreams: unknown value/],
    [["--set", "name"], /must have the form name=value/],
  ])("%j is refused with exit code 2", (args, message) => {
    const file = write("text.jsonl", { text: "t" });
    const { code, stderr } = tunewright("data", "convert", file, "--out", "t.jsonl", ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

const missing = existsSync(builtinModelPath())
  ? ""
  : " (skipped: the built-in model is not set up)";

describe.skipIf(missing !== "")(`check${missing}`, () => {
  const check = (...flags: string[]) =>
    tunewright(
      ...["check", "--model_name_or_path", "builtin:smollm2-135m", "--lora_rank", "4", "--json"],
      ...["--output_dir", path.join(folder, "run"), ...flags],
    );
  const turns = (...texts: string[]) =>
    texts.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
  const good = { messages: turns("q", "{{name}}", "r", "long ".repeat(40), "s", "t") };
  const bad = { messages: [{ role: "user", content: "no answer" }] };

  test("with on_error skip ends with 0 and says what is left out, split and unfilled", () => {
    const file = write("mixed.jsonl", good, bad, good);
    const flags = ["--train_file", file, "--over_length", "split", "--max_seq_length", "80"];
    const { code, stdout } = check(...flags, "--on_error", "skip");
    const report = JSON.parse(stdout);
    expect(report.data[0]).toMatchObject({ rows: 3, bad_rows: 1, split_rows: 2, dropped_rows: 0 });
    expect(report.data[0].sequences).toBe(2 * report.data[0].most_sequences);
    const findings = report.findings.map(({ what }: { what: string }) => what).join("\n");
    expect(findings).toContain("1 row of the train data will be left out (on_error skip)");
    expect(findings).toContain("2 rows in the train data contain {{name}}");
    expect(findings).toContain("all in the same micro-batch");
    expect([report.ok, code]).toEqual([true, 0]);
  });

  test("refuses preference pairs, and a run of which nothing is left", () => {
    const pairs = write("pairs.jsonl", { prompt: "q", chosen: "a", rejected: "b" });
    const refused = check("--train_file", pairs, "--on_error", "skip");
    expect(refused.code).toBe(3);
    const report = JSON.parse(refused.stdout);
    expect(report.data[0].problems[0].what).toMatch(/^a preference pair/);
    expect(report.findings[0].what).toBe("no usable row is left in the train data");
  });
});
