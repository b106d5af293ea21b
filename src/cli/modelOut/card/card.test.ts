/** Model cards: what is said of runs, scores and the base model, and that nothing of this machine is. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { code, plain, table } from "../../../util/markdown.js";
import { readScores } from "./scores.js";
import { writeCard } from "./writeCard.js";

const fixtures = path.resolve(import.meta.dirname, "../../../../test/parity/fixtures");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-card-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const run = path.join(work, "my_run");
cpSync(path.join(fixtures, "run-version-0"), run, { recursive: true });
const end = { type: "end", step: 4, reason: "done", train_loss: 3.25, train_runtime: 100.4 };
appendFileSync(
  path.join(run, "events.jsonl"),
  `${JSON.stringify({ ...end, rows_skipped: 2, time: 9e9, attempt: 9 })}\n`,
);
const base = path.join(work, "base");
mkdirSync(base);
writeFileSync(
  path.join(base, "README.md"),
  "---\nlicense: apache-2.0\nlanguage:\n- zh\n- en\nbase_model: someone/else\n---\n# Base\n",
);

function card(options: Partial<Parameters<typeof writeCard>[1]> & { adapters?: string[] } = {}) {
  const out = mkdtempSync(path.join(work, "out-"));
  const { adapters = [run], ...given } = options;
  const place = { name: base, path: base, adapters, weights: adapters.map(() => 1) };
  writeCard(out, { place, name: "mine", template: null, scores: [], library: undefined, ...given });
  const text = readFileSync(path.join(out, "README.md"), "utf8");
  const [, header = "", body = ""] = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(text) ?? [];
  return { out, text, body, header: parse(header) as Record<string, unknown> };
}

const events = () => readFileSync(path.join(run, "events.jsonl"), "utf8").trim().split("\n");
const event = (type: string) =>
  events()
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .findLast((one) => one.type === type)!;

describe("a model card", () => {
  it("has what the base model's card says that holds for its descendants", () => {
    const { header } = card({ library: "transformers" });
    expect(header).toEqual({
      license: "apache-2.0",
      language: ["zh", "en"],
      pipeline_tag: "text-generation",
      library_name: "transformers",
      tags: ["tunewright", "lora"],
    });
  });

  it("tells data, settings, figures and curves of the run", () => {
    const { body, out } = card();
    const { samples, trainable_parameters: trained } = event("start");
    expect(body).toContain(`Data: \`rows.jsonl\`: ${samples} conversations.`);
    expect(body).toMatch(/\| `learning_rate` \| `[\d.e-]+` \|/);
    expect(body).toContain(`${trained} of `);
    expect(body).toContain("- mean training loss 3.2500\n");
    expect(body).toContain("- 2 rows were left out\n- 100 s on cpu\n");
    expect(body).toContain("![Losses](training.svg)");
    expect(readFileSync(path.join(out, "training.svg"), "utf8")).toMatch(/^<svg /);
  });

  it("ends at the step of a checkpoint", () => {
    const { body } = card({ adapters: [path.join(run, "checkpoint-2")] });
    expect(body).toContain("`my_run/checkpoint-2`");
    expect(body).toMatch(/- 2 steps, /);
    expect(body).not.toContain("mean training loss");
  });

  it("names nothing of this machine", () => {
    const { text } = card();
    for (const secret of [work, tmpdir(), "output_dir", "base_model:"]) {
      expect(text).not.toContain(secret);
    }
    expect(text).toContain("from `base`, with the LoRA adapter `my_run` in its weights");
  });

  it("says no more of a model without a run than where it comes from", () => {
    const { body } = card({ adapters: [] });
    expect(body).toMatch(/^\n# mine\n\nWritten by Tunewright \d+\.\d+\.\d+ from `base`\.\n$/);
  });

  it("says nothing that the events of a run do not", () => {
    const bare = path.join(work, "bare");
    cpSync(run, bare, { recursive: true });
    writeFileSync(path.join(bare, "events.jsonl"), `${events()[0]}\n`);
    const { body } = card({ adapters: [bare] });
    expect(body).not.toMatch(/loss|svg|NaN|undefined/);
    appendFileSync(path.join(bare, "config.json"), "broken");
    expect(card({ adapters: [bare] }).body).not.toContain("## Training");
  });

  it("tells scores with their errors and shots", () => {
    const file = path.join(work, "results.json");
    const figures = { alias: "x", "acc,none": 0.54321, "acc_stderr,none": 0.0123 };
    const results = { mmlu: figures, gsm8k: { "exact_match,strict-match": 0.25 } };
    writeFileSync(file, JSON.stringify({ results, "n-shot": { mmlu: 5 } }));
    const { body } = card({ scores: readScores(file) });
    expect(body).toContain("| mmlu | acc | 0.5432 ± 0.0123 | 5 |");
    expect(body).toContain("| gsm8k | exact\\_match (strict-match) | 0.25 |  |");
    writeFileSync(file, "{}");
    expect(() => readScores(file)).toThrow(/has no results/);
  });
});

describe("Markdown", () => {
  it("is not changed by what is put into it", () => {
    expect(plain("a|b\n# c*<b>")).toBe("a\\|b \\# c\\*\\<b\\>");
    expect(code("a`b``c")).toBe("```a`b``c```");
    expect(code("`a|b")).toBe("`` `a|b ``");
    const cells = [code("a|b"), plain("a|b")];
    expect(table(["x", "y"], [cells]).split("\n")[2]).toBe("| `a\\|b` | a\\|b |");
  });
});
