/**
 * Configuration files of other trainers, against what those programs make of them themselves
 * (`dialect_fixtures.py`).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, test } from "vitest";
import { dialects, recogniseDialect, translate } from "../../src/train/config/dialects/index.js";
import {
  canonicalName,
  describeImported,
  fixedKeys,
  importConfig,
  inertKeys,
  isConfigKey,
  loadTrainingConfig,
  renderImported,
} from "../../src/train/config/index.js";
import { randomNumbers } from "../../src/util/testRandom.js";

const folder = fileURLToPath(new URL("./fixtures/dialects", import.meta.url));
const fixture = (name: string) => `${folder}/${name}`;

interface Resolved {
  fields: string[];
  resolved: Record<string, Record<string, unknown>>;
}
const reference: Record<string, Resolved> = JSON.parse(
  readFileSync(fixture("resolved.json"), "utf8"),
);

/** The file as it is, whose data lie below the root of the checkout. */
const load = (name: string, flags: string[] = []) => loadTrainingConfig(fixture(name), flags);

const written = mkdtempSync(join(tmpdir(), "tunewright-dialects-"));
afterAll(() => rmSync(written, { recursive: true }));

for (const [name, { fields, resolved }] of Object.entries(reference)) {
  const dialect = dialects.find((one) => one.name === name)!;
  describe(dialect.title, () => {
    it("has a meaning here for each of its fields", () => {
      const unknown = fields.filter((field) => {
        const key = canonicalName(field);
        const ours = isConfigKey(key) || Object.hasOwn(fixedKeys, key);
        return !(Object.hasOwn(dialect.rules, field) || ours || Object.hasOwn(inertKeys, key));
      });
      expect(unknown).toEqual([]);
      expect(fields.length).toBeGreaterThan(100);
    });

    it.each(Object.entries(resolved))(
      "%s trains with what the program itself uses",
      (file, values) => {
        const { config, dialect: title } = load(file);
        expect(title).toBe(dialect.title);
        for (const [key, value] of Object.entries(values)) {
          if (value === null || !isConfigKey(key)) continue;
          expect([key, comparable(key, config[key], config)]).toEqual([key, value]);
        }
      },
    );
  });
}

/** Two ways of saying the same are said in one. */
function comparable(
  key: string,
  value: unknown,
  config: ReturnType<typeof load>["config"],
): unknown {
  // transformers' AdamW is fused on a GPU, and here always; its name is the same optimizer.
  if (key === "optim" && value === "adamw_torch") return "adamw_torch_fused";
  if (key === "warmup_steps") return config.warmup_steps || config.warmup_ratio;
  return value;
}

describe("files of each program", () => {
  test("LLaMA-Factory: names are looked up, columns and tags mapped, samples limited", () => {
    const { config } = load("llama-factory-lora.yaml");
    expect(config).toMatchObject({
      train_mode: "lora",
      template_name: "chatml",
      lora_target: ["q_proj", "v_proj"],
      val_size: 0.1,
      eval_strategy: "steps",
      train_file: [
        {
          path: ["test/parity/fixtures/dialects/questions.json"],
          format: "alpaca",
          columns: { instruction: "instruction", input: "input", output: "output" },
          limit: 1000,
          sample: "first",
        },
      ],
    });
    expect(load("llama-factory-short.yaml").config).toMatchObject({
      train_mode: "qlora",
      bits: 4,
      reasoning: "keep",
    });
    expect(load("llama-factory-full.json").config.task_type).toBe("pretrain");
  });

  test("LLaMA-Factory: sharegpt with tags, data of the hub, and what cannot be trained on", () => {
    const dataset = (names: string) => {
      const given = { stage: "sft", template: "qwen", dataset_dir: folder, dataset: names };
      const entries = Object.entries(given).map(([key, value]) => ({ key, value, where: key }));
      return translate(recogniseDialect(new Map(Object.entries(given)))!, entries);
    };
    expect(dataset("talk,hub").entries.find(({ key }) => key === "train_file")!.value).toEqual([
      {
        path: fixture("talk.json"),
        format: "sharegpt",
        columns: { conversations: "dialog", system: "setting", tools: "functions" },
        message_keys: { from: "role", value: "content" },
        roles: { customer: "human", agent: "gpt", setting: "system" },
        limit: 50,
        sample: "random",
      },
      {
        path: "hf://datasets/owner/set/small/train_sft-*",
        format: "messages",
        columns: { messages: "messages" },
      },
    ]);
    const [problem] = dataset("pairs,pictures,nothing").problems;
    expect(problem!.error.why).toMatch(
      /pairs: .*preference.* pictures: .*images.* no data set nothing/,
    );
  });

  test("axolotl: Alpaca's prompt, a chat template, shares of the run, a split", () => {
    expect(load("axolotl-qlora.yml").config).toMatchObject({
      train_mode: "qlora",
      template_name: "plain",
      train_file: [{ path: ["hf://datasets/owner/alpaca"], format: "alpaca_prompt" }],
      bf16: true,
      over_length: "drop",
      eval_steps: 0.0625,
      eval_on_start: true,
      save_steps: 0.25,
      save_total_limit: 4,
      warmup_ratio: 0.1,
    });
    expect(load("axolotl-chat.yml").config).toMatchObject({
      train_mode: "lora",
      template_name: "chatml",
      lora_target: ["q_proj", "v_proj"],
      train_file: [
        {
          path: ["hf://datasets/owner/talk"],
          limit: 500,
          sample: "first",
        },
      ],
      warmup_steps: 9,
      save_strategy: "epoch",
    });
  });

  test.each([
    [{ roles_to_train: [] }, /roles_to_train \[\]: only messages that say so/],
    [{ roles_to_train: [], message_field_training: "train" }, /roles_to_train \[\]/],
    [{ type: "sharegpt", conversation: "chatml" }, /conversation chatml .*chat template/],
  ])("axolotl: %j would train on something else, and is refused", (entry, why) => {
    const datasets = [{ path: "talk.jsonl", type: "chat_template", ...entry }];
    const given = { base_model: "m", sequence_len: 512, micro_batch_size: 1, datasets };
    const entriesOf = (keys: object) =>
      Object.entries(keys).map(([key, value]) => ({ key, value, where: key }));
    const dialect = recogniseDialect(new Map(Object.entries(given)))!;
    const { problems } = translate(dialect, entriesOf(given));
    expect(problems.map(({ error }) => error.why)).toEqual([expect.stringMatching(why)]);
    if (!("conversation" in entry)) return;
    const named = translate(dialect, entriesOf({ ...given, chat_template: "chatml" }));
    expect(named.problems).toEqual([]);
  });

  test("TRL: what is learnt, and which layers PEFT chooses", () => {
    expect(load("trl-lora.yaml").config).toMatchObject({
      train_on_prompt: false,
      lora_target: "all",
      eval_file: ["hf://datasets/owner/talk/**/test-*"],
    });
    const { config, notes } = load("trl-short.json");
    expect(config).toMatchObject({
      train_mode: "qlora",
      train_on_prompt: true,
      lora_target: ["q_proj", "v_proj"],
    });
    expect(notes.join("\n")).toMatch(/assistant_only_loss is not true: every token is learnt/);
  });

  test("ms-swift: data sets with numbers of rows, names to fill in, a system message", () => {
    expect(load("swift-lora.json").config).toMatchObject({
      train_file: [
        { path: ["hf://datasets/owner/talk"], limit: 500, sample: "random" },
        { path: ["hf://datasets/modelscope/self-cognition"], limit: 100, sample: "random" },
      ],
      placeholders: { NAME: "swift-robot", AUTHOR: "swift" },
      default_system: "You are a helpful assistant.",
      over_length: "drop",
      val_size: 0.01,
      eval_strategy: "steps",
      eval_steps: 50,
      lora_target: "all",
    });
  });

  test("Firefly: 4-bit weights without being told, its own templates, all weights where it says so", () => {
    const qlora = load("firefly-qlora.json");
    expect(qlora.config).toMatchObject({
      train_mode: "qlora",
      template_name: "firefly-qwen",
      report_to: ["tensorboard"],
    });
    const full = load("firefly-full.json");
    expect(full.config).toMatchObject({ train_mode: "full", optim: "adamw_torch", packing: true });
    expect(full.notes.join("\n")).toMatch(
      /deepspeed .*: no effect[\s\S]*tokenize_num_workers 10: no effect/,
    );
  });
});

const files = [
  ...Object.values(reference).flatMap(({ resolved }) => Object.keys(resolved)),
  "firefly-qlora.json",
  "firefly-full.json",
];

test.each(files)("%s as a file of ours trains with the same values", (file) => {
  const imported = importConfig(fixture(file));
  expect(imported.problems).toEqual([]);
  const text = renderImported(imported);
  const out = join(written, `${file}.yaml`);
  writeFileSync(out, text);
  const { config, dialect } = loadTrainingConfig(out);
  expect(dialect).toBeUndefined();
  expect(config).toEqual(load(file).config);
  for (const { kind, key } of imported.keys) {
    if (kind === "translated" || kind === "no effect") expect(text).toContain(key);
  }
});

describe("keys of one program in a file of another", () => {
  const importOf = (name: string, content: object) => {
    const file = join(written, name);
    writeFileSync(file, JSON.stringify(content, null, 1));
    return importConfig(file);
  };
  const told = ({ problems }: ReturnType<typeof importOf>) =>
    problems.map(({ message, why, todo }) => `${message} | ${why} | ${todo}`).join("\n");

  test("are told of where they change nothing, and named as the file's program names them", () => {
    const imported = importOf("mixed.json", {
      ...{ template: "qwen", stage: "sft", finetuning_type: "lora", dataset_dir: folder },
      ...{ flash_attn: "fa2", overwrite_cache: true, preprocessing_num_workers: 4 },
      attn_implementation: "flash_attention_2",
      wandb_watch: "all",
      lora_r: 4,
      sequence_len: 512,
      lora_modules_to_save: ["lm_head"],
      load_in_4bit: true,
      chat_template: "chatml",
    });
    expect(imported.keys).toContainEqual(
      expect.objectContaining({ key: "attn_implementation", kind: "no effect" }),
    );
    expect(imported.keys).toContainEqual(
      expect.objectContaining({ key: "wandb_watch", kind: "no effect" }),
    );
    const problems = told(imported);
    expect(problems).toMatch(/lora_r .*Did you mean lora_rank\?/);
    expect(problems).toMatch(/sequence_len .*Did you mean cutoff_len\?/);
    expect(problems).toMatch(/lora_modules_to_save .*Did you mean additional_target\?/);
    expect(problems).toMatch(/load_in_4bit .*Did you mean quantization_bit\?/);
    expect(problems).toMatch(/chat_template .*Did you mean template\?/);
    expect(imported.problems.length).toBe(5);
  });

  test("values that no run takes are refused when a file is imported", () => {
    const file = {
      ...{ stage: "sft", template: "qwen", quantization_bit: 8 },
      ...{ lr_scheduler_type: "rex", neftune_noise_alpha: 5 },
    };
    const imported = importOf("refused.json", file);
    expect(told(imported)).toMatch(
      /quantization_bit 8 .*8-bit base weights[\s\S]*lr_scheduler_type "rex" .*cosine[\s\S]*neftune_noise_alpha 5 .*not supported yet/,
    );
    expect(renderImported(imported)).toMatch(/# Refused[\s\S]*^neftune_noise_alpha: 5$/m);
  });

  test("names of the vocabulary's tokens are shown, keys of the hub are not", () => {
    const keys = {
      ...{ use_peft: true, lora_r: 4, eos_token: "<|im_end|>", hub_token: "hf_secret" },
      chat_template: "chatml",
    };
    const imported = importOf("trl-tokens.json", keys);
    expect(renderImported(imported)).toContain('# eos_token "<|im_end|>": ');
    expect(describeImported(imported).join("\n")).not.toContain("hf_secret");
    expect(told(imported)).toMatch(/chat_template .*Say --template_name on the command line/);
  });
});

describe("any keys of a program", () => {
  const odd = [
    true,
    false,
    0,
    1,
    -3,
    0.5,
    "",
    "auto",
    "no",
    "1e-4",
    [],
    ["a"],
    {},
    { a: 1 },
    "x".repeat(50),
  ];

  it.each(dialects.map((dialect) => [dialect.title, dialect] as const))(
    "%s: nothing crashes, and every key is accounted for",
    (_title, dialect) => {
      const random = randomNumbers(20261129);
      const names = [...Object.keys(dialect.rules), "learning_rate", "seed", "no_such_key"];
      const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
      for (let round = 0; round < 1500; round++) {
        const keys = [...new Set(Array.from({ length: 1 + random(12) }, () => pick(names)))];
        const entries = keys.map((key) => ({ key, value: pick(odd), where: `f:${key}` }));
        const { account } = translate(dialect, entries);
        const accounted = account.flatMap(({ key }) => key ?? []);
        expect(accounted.sort()).toEqual(keys.sort());
      }
    },
  );
});
