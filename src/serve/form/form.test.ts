/** The form against the schema, and requests that try to name places on the disk. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { keySchemas, loadTrainingConfig } from "../../train/config/index.js";
import { HttpError } from "../http/index.js";
import { sweep } from "../queue/index.js";
import { configurationOf, describeForm, runDirectory, serverKeys, type Tables } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "tunewright-form-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "rows.jsonl");
writeFileSync(file, "{}\n");

const tables: Tables = {
  model: (id) => (id === "m1" ? { place: "/models/one", adapters: [] } : undefined),
  data: (id) => (id === "d1" ? file : undefined),
  modelAt: () => undefined,
  dataAt: (path) => (path === file ? "d1" : undefined),
};

const fields = describeForm().sections.flatMap((section) => section.fields);

it("reaches every key but those that are the server's own, each once", () => {
  const all = [...fields.map(({ key }) => key), ...serverKeys.keys()];
  expect(all.toSorted()).toEqual(Object.keys(keySchemas).toSorted());
  const [essential] = describeForm().sections;
  expect(essential).toMatchObject({ id: "essential", essential: true });
  expect(essential!.fields[0]).toMatchObject({ key: "model_name_or_path", kind: "model" });
});

test.each([
  ["learning_rate", { kind: "number", default: 5e-5, minimum: 0, nullable: false }],
  ["max_steps", { kind: "integer", minimum: -1 }],
  ["bits", { kind: "choice", choices: ["4", "16", "32"], nullable: true }],
  [
    "init_lora_weights",
    { kind: "choice", choices: ["true", "false", "gaussian", "orthogonal", "pissa", "olora"] },
  ],
  ["lora_dropout", { minimum: 0, maximum: 1 }],
  ["greater_is_better", { kind: "boolean", nullable: true }],
  ["sample_prompts", { kind: "list" }],
  ["chat_template_kwargs", { kind: "json" }],
  ["train_file", { kind: "data", nullable: false }],
  ["logging_steps", { kind: "number", default: 10 }],
  ["max_memory", { kind: "text" }],
])("%s", (key, expected) => {
  expect(fields.find((field) => field.key === key)).toMatchObject(expected);
});

it("has choices and standards that the configuration takes as they are", () => {
  const needed = { model_name_or_path: "m", train_file: "f", output_dir: "o" };
  for (const { key, choices, default: standard } of fields) {
    for (const word of choices ?? []) {
      const lora = /lora|bits|train_mode|optim/.test(key)
        ? { lora_rank: 8, ...(word === "4" ? { bf16: true } : {}) }
        : {};
      const load = () => loadTrainingConfig(undefined, { ...needed, ...lora, [key]: word });
      try {
        load();
      } catch (error) {
        // Other rules may speak against it, but its spelling is understood.
        expect((error as Error).message).not.toMatch(/expected .* got/);
      }
    }
    if (standard !== null)
      expect(() => loadTrainingConfig(undefined, { ...needed, [key]: standard })).not.toThrow(
        /expected/,
      );
  }
});

describe("requests", () => {
  const refused = (values: Record<string, unknown>): string => {
    try {
      configurationOf(values, "output/x", tables);
      return "taken";
    } catch (error) {
      expect(error).toBeInstanceOf(HttpError);
      expect((error as HttpError).param).toBe(`values.${Object.keys(values)[0]}`);
      return (error as Error).message;
    }
  };

  it("name models and data by ids and names on the hub", () => {
    const values = {
      model_name_or_path: "m1",
      train_file: ["d1", { path: ["d1"], weight: 2 }],
      lora_rank: 8,
      eval_file: null,
    };
    expect(configurationOf(values, "output/x", tables)).toEqual({
      model_name_or_path: "/models/one",
      train_file: [file, { path: [file], weight: 2 }],
      lora_rank: 8,
      output_dir: "output/x",
    });
    const hub = {
      model_name_or_path: "Qwen/Qwen3-0.6B",
      train_file: "OWNER/NAME",
      adapter_name_or_path: "m1",
    };
    expect(configurationOf(hub, "o", tables)).toMatchObject({
      train_file: ["OWNER/NAME"],
      adapter_name_or_path: ["/models/one"],
    });
  });

  test.each([
    [{ model_name_or_path: "/models/one" }],
    [{ model_name_or_path: "../models/one" }],
    [{ model_name_or_path: "src/serve" }],
    [{ model_name_or_path: 7 }],
    [{ train_file: "/etc/passwd" }],
    [{ train_file: [file] }],
    [{ train_file: "src/serve" }],
    [{ train_file: "src/*" }],
    [{ train_file: { path: "../rows.jsonl" } }],
    [{ train_file: "https://example.org/x.jsonl" }],
    [{ train_file: "-" }],
    [{ adapter_name_or_path: ["m1", "/x"] }],
    [{ sample_dialogue: "/etc/passwd" }],
    [{ template_name: "../x" }],
    [{ template_name: "package.json" }],
    [{ eval_tasks: "own.yaml,../x/task.yaml" }],
    [{ eval_tasks: ["package.json"] }],
  ])("%j is no place", (values) => expect(refused(values)).toMatch(/expected/));

  test.each([...serverKeys.keys()].map((key) => [key]))("%s is the server's", (key) => {
    expect(refused({ [key]: "x" })).toMatch(/cannot be set by a request/);
  });

  it("with unknown keys are told so", () => {
    expect(refused({ lora_rnk: 4 })).toMatch(/no such key/);
    expect(refused({ constructor: 4 })).toMatch(/no such key/);
  });

  test.each([
    "../x",
    "a/b",
    "",
    ".x",
    "x..y",
    "checkpoint-3",
    "previous-1",
    "x ",
    "a".repeat(81),
    "a\0b",
    "con\nx",
  ])("a run cannot be called %j", (name) =>
    expect(() => runDirectory("output", name)).toThrow(/^name: /),
  );
  it("a run may be called in any language", () => {
    expect(runDirectory("output", "第一次 lr-1e.4")).toBe("output/第一次 lr-1e.4");
  });
});

describe("a sweep", () => {
  it("makes a run of each combination, named by its values", () => {
    const made = sweep("first", { learning_rate: [1e-4, 2e-4], lora_rank: [8, 16] });
    expect(made.map(({ name }) => name)).toEqual([
      "first-lr-0.0001-rank-8",
      "first-lr-0.0001-rank-16",
      "first-lr-0.0002-rank-8",
      "first-lr-0.0002-rank-16",
    ]);
    expect(made[3]!.values).toEqual({ learning_rate: 2e-4, lora_rank: 16 });
    const same = sweep("a", { default_system: ["x y", "x-y"] });
    expect(same.map(({ name }) => name)).toEqual([
      "a-default-system-x-y",
      "a-default-system-x-y-2",
    ]);
  });
  it("makes at most 64 runs, and none of nothing", () => {
    const eight = Array.from({ length: 8 }, (_, i) => i);
    expect(sweep("a", { seed: eight, lora_rank: eight })).toHaveLength(64);
    expect(() => sweep("a", { seed: eight, lora_rank: [...eight, 9] })).toThrow(
      /make 72 runs, and a sweep may make 64/,
    );
    expect(() => sweep("a", {})).toThrow(/no list/);
    expect(() => sweep("a", { seed: [] })).toThrow(/empty/);
  });
});
