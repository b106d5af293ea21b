/** Which rows `data preview` shows, and the packed row, from outside. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const root = path.resolve(path.dirname(main), "../..");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
const tokenizer = path.join(root, "test/parity/fixtures/text/tiny-sentencepiece");
const folder = mkdtempSync(path.join(tmpdir(), "tunewright-preview-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, rows: readonly unknown[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}
const row = (question: string, answer: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});
const first = write("first.jsonl", [
  row("What is AI?", "a machine"),
  row("人工智能是什么？", "一门学科"),
  row("q", "人工智能"),
  { messages: [] },
  row("long", "word ".repeat(60)),
]);
const second = write("second.jsonl", [row("one", "1"), row("two", "2")]);

function preview(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", tsx, main, "data", "preview", first, second]
      .concat(args)
      .concat("--tokenizer", tokenizer, "--template", "firefly-classic"),
    { encoding: "utf8" },
  );
  return { code: status, stdout, stderr };
}
/** `file:line` of the rows that are shown. */
function shown(...args: string[]): string[] {
  const { stdout, stderr } = preview(...args, "--json");
  if (stdout === "") throw new Error(stderr);
  const { rows } = JSON.parse(stdout) as { rows: { source: { file: string; line: number } }[] };
  return rows.map(({ source }) => `${path.basename(source.file)}:${source.line}`);
}

test("text that spells a special token is rejected, or shown as what it is learnt as", () => {
  const spelled = write("spelled.jsonl", [row("a", "1"), row("What ends?", "</s> ends")]);
  const tokensOf = (mode: string) => {
    const flags = ["--row", `${spelled}:2`, "--json", "--special-tokens-in-text", mode];
    const { code, stdout, stderr } = preview(spelled, ...flags);
    return { code, stderr, tokens: JSON.parse(stdout).rows[0]?.tokens as string[] | undefined };
  };
  const refused = tokensOf("error");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain(
    `${spelled}:2: messages[1].content spells the special token </s>`,
  );
  expect(refused.stderr).toContain("special_tokens_in_text");
  const ends = (mode: string) => tokensOf(mode).tokens!.filter((token) => token === "</s>").length;
  expect([ends("text"), ends("token")]).toEqual([2, 3]);
  const { stdout } = preview(spelled, "--row", `${spelled}:2`, "--special-tokens-in-text=text");
  expect(stdout).toContain("; as ordinary text: </s>");
});

describe("rows are chosen", () => {
  test.each([
    [["--grep", "ai"], ["first.jsonl:1"]],
    [
      ["--grep", "人工智能"],
      ["first.jsonl:2", "first.jsonl:3"],
    ],
    [["--grep", "人工智能", "--role", "user"], ["first.jsonl:2"]],
    [
      ["--rows", "2-3"],
      ["first.jsonl:2", "first.jsonl:3"],
    ],
    [
      ["--rows", "6-900"],
      ["second.jsonl:1", "second.jsonl:2"],
    ],
    [
      ["--row", "second.jsonl:2", "first.jsonl:1"],
      ["first.jsonl:1", "second.jsonl:2"],
    ],
    [["--max_seq_length", "40", "--only-truncated"], ["first.jsonl:5"]],
    [["--min-tokens", "50"], ["first.jsonl:5"]],
  ])("%j", (args, expected) => {
    expect(shown(...args)).toEqual(expected);
  });

  test("a sample is drawn by its seed, and is another with another", () => {
    const drawn = (seed: string) => shown("--sample", "3", "--seed", seed, "--max-tokens", "900");
    expect(drawn("1")).toHaveLength(3);
    expect(drawn("1")).toEqual(drawn("1"));
    const sets = new Set(["1", "2", "3", "4"].map((seed) => drawn(seed).join()));
    expect(sets.size).toBeGreaterThan(1);
  });

  test("refused rows are counted where something is searched for", () => {
    const { code, stdout } = preview("--grep", "人工智能");
    expect(code).toBe(0);
    expect(stdout).toContain("1 row of those read cannot be trained on.");
    expect(preview("--rows", "4").code).toBe(3);
  });

  test.each([
    [["--row", "first.jsonl:99"], "--row first.jsonl:99: no row starts there"],
    [["--rows", "99"], "--rows 99: there are only 7 rows"],
    [["--rows", "3-1"], "It must be a row number"],
    [["--rows", "1", "--sample", "2"], "--rows and --sample are both given"],
    [["--only-truncated"], "--only-truncated requires --max-seq-length"],
    [["--role", "bot"], "--role bot: unknown value"],
    [["--batch-size", "2"], "--batch-size requires --packed"],
  ])("%j is refused with what is wrong", (args, message) => {
    const { code, stderr } = preview(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe("the packed row", () => {
  const rows = write(
    "packed.jsonl",
    Array.from({ length: 5 }, (_, index) => row(`question ${index}`, "answer ".repeat(index + 1))),
  );
  const packed = (...args: string[]) => packedOf(rows, ...args);
  const packedOf = (file: string, ...args: string[]) =>
    spawnSync(
      process.execPath,
      ["--import", tsx, main, "data", "preview", file, "--packed", ...args].concat(
        "--tokenizer",
        tokenizer,
        ...(args.includes("--template") ? [] : ["--template", "vicuna"]),
        "--batch-size",
        "3",
      ),
      { encoding: "utf8" },
    );

  test("has boundaries where conversations begin, and positions from 0 in each", () => {
    const { stdout } = packed("0", "--json");
    const { rows: shownRows, packed: row } = JSON.parse(stdout);
    const lengths = shownRows.map(({ input_ids: ids }: { input_ids: number[] }) => ids.length);
    expect(row.cu_seqlens).toEqual([
      0,
      lengths[0],
      lengths[0] + lengths[1],
      lengths[0] + lengths[1] + lengths[2],
    ]);
    expect(row.position_ids).toEqual(
      lengths.flatMap((length: number) => Array.from({ length }, (_, index) => index)),
    );
    expect(row.tokens).toBe(row.position_ids.length);
    const learnt = shownRows.flatMap(({ labels }: { labels: number[] }) => labels);
    expect(row.labelled_tokens).toBe(learnt.filter((label: number) => label !== -100).length);
    expect(row).toMatchObject({ micro_batch: 0, epoch: 0, micro_batches_per_epoch: 2 });
  });

  test("rows that over_length drop leaves out are named, and are no failure", () => {
    const { stdout, stderr, status } = packed(
      ...["1", "--max-seq-length", "40", "--over-length", "drop"],
    );
    expect(stdout).toMatch(/^left out: .*packed\.jsonl:\d: longer than max_seq_length 40/m);
    expect(status, stderr).toBe(0);
  });

  test("a map of few tokens has a column for each, and shows learnt what is", () => {
    const one = write("one.jsonl", [row("one", "1")]);
    const flags = ["0", "--template", "firefly-classic"];
    const { stdout } = packedOf(one, ...flags, "--json");
    const labels: number[] = JSON.parse(stdout).rows[0].labels;
    expect(labels.length).toBeLessThan(70);
    const map = labels.slice(1).map((label) => (label === -100 ? "░" : "█"));
    expect(packedOf(one, ...flags).stdout).toContain(`\n│${map.join("")}│\n`);
  });

  test.each([
    [["--rows", "2"], "--packed and --rows are both given"],
    [["--grep", "a", "--limit", "1"], "--packed and --limit, --grep are both given"],
  ])("%j is refused, for a micro-batch's rows are the run's", (args, message) => {
    const { status, stderr } = packed("0", ...args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test("is shown as text with a map of what is learnt", () => {
    const { stdout } = packed("1");
    expect(stdout).toContain("Micro-batch 1 (epoch 0, 2 per epoch): 2 conversations in a row of");
    expect(stdout).toMatch(/^│[█░]+│[█░]+│$/m);
    expect(stdout).toMatch(/── 2 {2}tokens \d+–\d+, positions 0–\d+ {2}.*packed\.jsonl:\d/);
    expect(stdout).toContain("⟦answer answer");
  });
});
