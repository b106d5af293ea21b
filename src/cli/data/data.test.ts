/** `data` and `check` from outside: what they print, where, and how they end. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadTokenizer, type Tokenizer } from "../../text/index.js";
import { builtinModelPath } from "../../util/builtin-model.js";
import { renderTokens } from "./renderTokens.js";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
const tokenizerPath = path.join(root, "test/parity/fixtures/text/tiny-sentencepiece");

const folder = mkdtempSync(path.join(tmpdir(), "tunewright-cli-"));
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

const turn = (question: string, answer: string) => [
  { role: "user", content: question },
  { role: "assistant", content: answer },
];
const good = { messages: turn("你好？", "hello there") };
const bad = { messages: [{ role: "user", content: "no answer" }] };

describe("data preview", () => {
  const preview = (...args: string[]) =>
    tunewright("data", "preview", ...args, "--tokenizer", tokenizerPath);

  test("--json prints source, ids, labels with -100 where nothing is learnt, and tokens", async () => {
    const file = write("one.jsonl", good, good);
    const { code, stdout, stderr } = preview(file, "--template", "firefly-classic", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { rows, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    expect(rows).toHaveLength(2);
    const tokenizer = await loadTokenizer(tokenizerPath);
    const [question, answer] = await tokenizer.encodeBatch(["你好？", "hello there"]);
    const end = tokenizer.eosTokenId!;
    const ids = [tokenizer.bosTokenId!, ...question!, end, ...answer!, end];
    const untrained = ids.length - answer!.length - 1;
    expect(rows[1]).toEqual({
      source: { file, line: 2 },
      input_ids: ids,
      labels: ids.map((id, index) => (index < untrained ? -100 : id)),
      tokens: ids.map((id) => tokenizer.idToToken(id)),
    });
  });

  test("shows what is learnt, the counts, and where it was cut; no colours in a pipe", () => {
    const file = write("two.jsonl", good, good, good);
    const args = ["--template", "firefly-classic", "--limit", "1"];
    const whole = preview(file, ...args).stdout;
    expect(whole).toMatch(/two\.jsonl:1 {2}\d+ of \d+ tokens are trained on \(\d+%\)\n/);
    expect(whole).toContain("⟦hello there</s>⟧");
    expect(whole).toContain("2 more rows are not shown.");
    expect(whole).not.toContain("\u001b");
    const [, learnt, all] = /(\d+) of (\d+) tokens are trained on/.exec(whole)!.map(Number);
    const cut = String(all! - 2);
    for (const flag of ["--max_seq_length", "--max-seq-length"]) {
      const { stdout } = preview(file, ...args, flag, cut);
      expect(stdout).toContain(`${learnt! - 2} of ${cut} tokens are trained on`);
      expect(stdout).toContain(`; truncated from ${all}`);
    }
    expect(preview(file, ...args, "--color").stdout).toContain("\u001b[32mhello there\u001b[0m");
  });

  test("ends with 3 and the reason where a row cannot be trained on", () => {
    const file = write("three.jsonl", good, bad);
    const { code, stderr, stdout } = preview(file, "--template", "firefly-classic");
    expect(code).toBe(3);
    expect(stdout).toContain("⟦hello there</s>⟧");
    expect(stderr).toContain("error: 1 of the 2 rows cannot be trained on");
    expect(stderr).toContain("three.jsonl:2: no token of this conversation is trained on");
  });

  test.each([
    [["--template", "nonsense"], 2, /unknown chat template "nonsense"/],
    [["--limit", "0"], 2, /must be a positive integer/],
    [["--moss-tools", "eat"], 2, /--moss-tools eat: unknown value/],
    [["--template", "firefly-classic", "--format", "moss"], 3, /the 1 rows? cannot be trained on/],
  ])("%j is refused with exit code %i", (args, expected, message) => {
    const { code, stderr } = preview(write("four.jsonl", good), ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });
});

describe("renderTokens", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(tokenizerPath);
  });

  test("shows control characters of the data instead of sending them to the terminal", async () => {
    const inputIds = await tokenizer.encode("a\u001b[2Jb");
    const text = renderTokens({ inputIds, labels: inputIds.map(() => -100) }, tokenizer, false);
    expect(text).toContain("\\x1b[2Jb");
    expect(text).not.toContain("\u001b");
  });
});

describe("data convert", () => {
  test("writes canonical rows and counts what it refused", () => {
    const file = write(
      "firefly.jsonl",
      { conversation: [{ human: "问", assistant: "答" }] },
      { conversation: [{ human: "问" }] },
    );
    const { code, stdout, stderr } = tunewright(
      "data",
      "convert",
      file,
      "--out",
      "out.jsonl",
      "--json",
    );
    expect(JSON.parse(stdout)).toEqual({ rows_in: 2, rows_out: 1, rows_rejected: 1 });
    expect(code).toBe(0);
    expect(stderr).toContain("firefly.jsonl:2: conversation[0].assistant is missing");
    const out = path.join(folder, "out.jsonl");
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual({ messages: turn("问", "答") });
    expect(existsSync(`${out}.rejected.jsonl`)).toBe(true);
  });

  test("--on_error fail stops at the first refused row, with exit code 3 and no file", () => {
    const file = write("broken.jsonl", good, { messages: [] });
    const { code, stderr } = tunewright(
      "data",
      "convert",
      file,
      "--out",
      "no.jsonl",
      "--on_error",
      "fail",
    );
    expect(code).toBe(3);
    expect(stderr).toContain("broken.jsonl:2: the conversation is empty");
    expect(existsSync(path.join(folder, "no.jsonl"))).toBe(false);
  });
});

const noModel = existsSync(builtinModelPath())
  ? ""
  : " (skipped: the built-in model is not set up)";

describe.skipIf(noModel !== "")(`check${noModel}`, () => {
  const check = (file: string, ...flags: string[]) =>
    tunewright(
      ...["check", "--model_name_or_path", "builtin:smollm2-135m", "--train_file", file],
      ...["--output_dir", path.join(folder, "run"), "--bits", "4", ...flags],
    );

  test("says what a run would be, and ends with 0", () => {
    const { code, stdout, stderr } = check(write("fine.jsonl", good, good, good), "--json");
    expect(stderr).toBe("");
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      ok: true,
      model: { type: "llama", embedding_rows: 49152, trained_weights: 19_537_920 },
      data: [{ role: "train", rows: 3, bad_rows: 0, truncated_rows: 0 }],
      steps_per_epoch: 1,
      total_steps: 3,
      findings: [
        { what: "the run has only 3 optimizer steps", blocking: false },
        { what: expect.stringContaining("no checkpoint before its end"), blocking: false },
      ],
    });
    expect(report.data[0].labelled_tokens).toBeGreaterThan(0);
    expect(report.data[0].lengths.min).toBe(report.data[0].lengths.max);
    expect(code).toBe(0);
    expect(existsSync(path.join(folder, "run"))).toBe(false);
  });

  test("lists the first 20 bad rows with the total, and ends with 3", () => {
    const file = write("bad.jsonl", good, ...Array.from({ length: 30 }, () => bad));
    const { code, stdout, stderr } = check(file);
    expect(code).toBe(3);
    expect(stdout).toContain("30 rows cannot be trained on:");
    expect(stdout).toContain("bad.jsonl:21: no token of this conversation is trained on");
    expect(stdout).not.toContain("bad.jsonl:22:");
    expect(stdout).toContain("and 10 more");
    expect(stderr).toContain("error: 30 rows cannot be trained on");
  });

  test("finds what would fail beside the data", () => {
    const file = write("fine.jsonl", good);
    const taken = check(file, "--output_dir", folder);
    expect(taken.code).toBe(3);
    expect(taken.stdout).toContain("is not empty");
    const moved = path.join(folder, "moved");
    mkdirSync(path.join(moved, "previous-1"), { recursive: true });
    expect(check(file, "--output_dir", moved).code).toBe(0);
    const long = check(file, "--sample_prompts", "word ".repeat(9000));
    expect(long.code).toBe(3);
    expect(long.stderr).toContain("of sample_prompts is too long");
    const cut = check(file, "--max_seq_length", "5", "--json");
    expect(JSON.parse(cut.stdout).data[0].problems[0]).toMatchObject({ file, line: 1 });
    expect(check(file, "--learning_rat", "1").code).toBe(2);
    expect(check(path.join(folder, "none.jsonl")).code).toBe(3);
  });
});
