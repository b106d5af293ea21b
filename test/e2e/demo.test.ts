/**
 * `./tunewright demo` from outside, as far as it costs nothing; the demo itself is run by `.ci/run`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DemoResult, requireLearnt } from "../../src/cli/demo/index.js";
import { loadTrainingConfig } from "../../src/train/index.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const main = path.join(root, "src/cli/main.ts");
const tsx = pathToFileURL(path.join(root, "node_modules/tsx/dist/esm/index.mjs")).href;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tunewright-demo-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function demo(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", tsx, main, "demo", ...args],
    { encoding: "utf8", cwd: folder, env: { ...process.env, ...env } },
  );
  return { code: status, stdout, stderr };
}

describe("demo", () => {
  test("--help names its options", () => {
    const { code, stdout } = demo(["--help"]);
    expect(code).toBe(0);
    for (const option of ["--full", "--quick", "--output-dir", "--json"])
      expect(stdout).toContain(option);
  });

  test.each([[["--quik"]], [["output/demo"]], [["--full", "--quick"]]])(
    "refuses %j with exit code 2",
    (args) => {
      const { code, stdout } = demo(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
  );

  test("without the built-in model says how to get it, keeping stdout for the JSON object", () => {
    const missing = path.join(folder, "nothing.gguf");
    const { code, stdout, stderr } = demo(["--quick", "--json"], {
      TUNEWRIGHT_BUILTIN_MODEL: missing,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("error: the built-in model is not set up");
    expect(stderr).toContain("to do: run ./tunewright setup");
  });

  test("fails where the loss did not fall, and passes where it did", () => {
    const summary = { run_dir: "output/demo" } as DemoResult["summary"];
    const result: DemoResult = {
      heldOutLossBefore: 4,
      heldOutLossAfter: 3,
      answers: [],
      summary,
      quick: false,
      full: true,
      passed: false,
      bound: 0.5,
      seconds: 300,
      chatCommand: "",
    };
    expect(() => requireLearnt(result)).toThrow("has not learned enough");
    expect(() => requireLearnt({ ...result, heldOutLossAfter: 1, passed: true })).not.toThrow();
  });
});

describe("the demo's data", () => {
  interface Row {
    id: string;
    messages: { role: string; content: string }[];
  }
  const file = (name: string) => path.join(root, "examples/demo", name);
  const rows = (name: string) =>
    readFileSync(file(name), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
  const texts = (name: string, role: string) =>
    rows(name).flatMap(({ messages }) =>
      messages.filter((message) => message.role === role).map(({ content }) => content),
    );

  test("are as many as promised, multi-turn, in both languages", () => {
    expect(rows("train.jsonl").length).toBeGreaterThanOrEqual(200);
    expect(rows("held_out.jsonl")).toHaveLength(20);
    for (const name of ["train.jsonl", "held_out.jsonl"]) {
      const all = rows(name);
      expect(all.every(({ messages }) => messages.length >= 4)).toBe(true);
      const chinese = all.filter(({ messages }) => /\p{Script=Han}/u.test(messages[0]!.content));
      expect(chinese.length / all.length).toBeGreaterThan(0.4);
      expect(chinese.length / all.length).toBeLessThan(0.6);
    }
  });

  test("keep what is held out, and the questions, out of what is learnt", () => {
    const questions = JSON.parse(readFileSync(file("questions.json"), "utf8")) as string[];
    const learnt = new Set([...texts("train.jsonl", "user"), ...texts("train.jsonl", "assistant")]);
    const held = [...texts("held_out.jsonl", "user"), ...texts("held_out.jsonl", "assistant")];
    expect([...held, ...questions].filter((text) => learnt.has(text))).toEqual([]);
    expect(questions.filter((question) => held.includes(question))).toEqual([]);
  });
});

describe("the example configurations", () => {
  test("firefly.json is the file that Firefly users have, and runs as 4-bit LoRA", () => {
    const file = path.join(root, "examples/firefly.json");
    const given = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect(Object.keys(given)).toHaveLength(31);
    const { config } = loadTrainingConfig(file, { report_to: "none" });
    expect(config).toMatchObject({
      train_mode: "qlora",
      lora_rank: 64,
      lora_alpha: 16,
      learning_rate: 2e-4,
      max_grad_norm: 0.3,
      warmup_steps: 1000,
    });
  });

  test("lora.yaml is valid as it stands", () => {
    const { config } = loadTrainingConfig(path.join(root, "examples/lora.yaml"));
    expect(config).toMatchObject({ train_mode: "lora", warmup_ratio: 0.03, save_steps: 100 });
  });
});
