/**
 * What differs between the stop and the resume is reported by name: every change alone, on runs of a
 * tiny model (product.md, 3.3, E3).
 */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { keySchemas, loadTrainingConfig } from "../../src/train/config/index.js";
import {
  type EventRow,
  readEvents,
  resumeRules,
  runSft,
  skippedRowsName,
} from "../../src/train/index.js";
import type { TunewrightError } from "../../src/util/errors.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-changes-"));
const at = (...names: string[]) => path.join(work, ...names);
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const row = (number: number, answer = "Yes.") =>
  `${JSON.stringify({
    messages: [
      { role: "user", content: `Is ${number} a number?` },
      { role: "assistant", content: answer },
    ],
  })}\n`;
const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => row(i + 10)).join("");

const flags = {
  model_name_or_path: at("model"),
  train_file: at("data", "*.jsonl"),
  eval_file: at("eval.jsonl"),
  do_eval: "true",
  output_dir: at("run"),
  template_name: "firefly-classic",
  max_seq_length: "48",
  lora_rank: "2",
  lora_alpha: "4",
  per_device_train_batch_size: "2",
  gradient_accumulation_steps: "2",
  lora_dropout: "0.1",
  learning_rate: "0.01",
  use_cpu: "true",
  logging_steps: "1",
  save_steps: "2",
  max_steps: "4",
};

type Flags = Partial<Record<keyof typeof keySchemas, string | undefined>>;

/** Runs with these flags instead; gives what was said. */
async function train(
  change: Flags = {},
  reader: (row: EventRow) => void = () => {},
): Promise<string[]> {
  const said: string[] = [];
  const given = Object.entries({ ...flags, ...change }).filter(([, value]) => value !== undefined);
  const words = given.map(([key, value]) => `--${key}=${value}`);
  await runSft(loadTrainingConfig(undefined, words), {
    say: (line) => said.push(line),
    readers: [reader],
  });
  return said;
}

const resume = (change: Flags = {}) =>
  train({ resume_from_checkpoint: at("run", "checkpoint-2"), ...change });

const stepsOf = (directory: string) =>
  readEvents(at(directory, "events.jsonl")).filter(
    (event): event is Extract<EventRow, { type: "step" }> => event.type === "step",
  );

/** The refusal, in one text. */
async function refusal(change: Flags = {}): Promise<string> {
  const error: TunewrightError = await resume(change).then(
    () => expect.fail("it went on"),
    (cause) => cause,
  );
  expect([2, 3], String(error.stack)).toContain(error.exitCode);
  expect(error.todo).toBeTruthy();
  return [error, ...error.others].flatMap(({ message, why }) => [message, why]).join(" | ");
}

/** Everything in the run's directory, with the times at which it was written. */
const contents = () =>
  readdirSync(at("run"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".train.lock")
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, "utf8")]);

beforeAll(async () => {
  cpSync(model, at("model"), { recursive: true });
  cpSync(model, at("backup"), { recursive: true });
  writeFileSync(at("eval.jsonl"), rowsOf(4));
  for (const folder of ["data", "kept"]) {
    cpSync(model, at(folder), { recursive: true });
    for (const name of readdirSync(at(folder))) rmSync(at(folder, name), { recursive: true });
    writeFileSync(at(folder, "rows.jsonl"), rowsOf(20));
  }
  await train();
}, 120_000);

it("has a rule for every key of the configuration", () => {
  expect(Object.keys(resumeRules).sort()).toEqual(Object.keys(keySchemas).sort());
});

describe("a setting that the checkpoint fixes is refused", () => {
  it.each<[string, Flags, RegExp]>([
    ["rank", { lora_rank: "4" }, /lora_rank is 4, but the checkpoint was trained with 2/],
    ["scale", { lora_alpha: "64" }, /lora_alpha is 64, but .* with 4/],
    ["scale, left out", { lora_alpha: undefined }, /lora_alpha is 16, but .* with 4/],
    ["adapted layers", { lora_target: "q_proj" }, /lora_target is \["q_proj"\], but .* "all"/],
    [
      "method",
      { train_mode: "full", lora_rank: undefined, lora_alpha: undefined, lora_dropout: undefined },
      /train_mode is "full", but .* "lora"/,
    ],
    ["4-bit weights", { bits: "4" }, /train_mode is "qlora"/],
    ["number type", { bf16: "true" }, /bf16 is true, but .* false/],
    ["seed", { seed: "7" }, /^seed is 7, but .* 42 \|[^|]*$/],
    ["packing", { packing: "true" }, /packing is true/],
    ["optimizer", { optim: "sgd" }, /optim is "sgd", but .* "adamw_torch"/],
    [
      "rows of a step",
      { per_device_train_batch_size: "3" },
      /per_device_train_batch_size was 2 and is now 3 .*4 rows/,
    ],
    ["length", { max_seq_length: "32" }, /max_seq_length is 32, but .* 48/],
    ["rows held out", { val_size: "2", eval_file: undefined }, /val_size is 2/],
    ["template", { template_name: "qwen" }, /template_name is "qwen", but .* "firefly-classic"/],
    [
      "template, left out",
      { template_name: undefined },
      /template_name is not set, but .* "firefly-classic"/,
    ],
    [
      "learning rate, in a run that is to be exact",
      { learning_rate: "0.02", resume_changes: "none" },
      /learning_rate is 0.02/,
    ],
  ])("%s", async (_what, change, message) => {
    const before = contents();
    expect(await refusal(change)).toMatch(message);
    expect(contents()).toEqual(before);
  });
});

describe("what has changed under its name is refused", () => {
  const data = at("data", "rows.jsonl");
  const restore = () => {
    copyFileSync(at("kept", "rows.jsonl"), data);
    for (const name of readdirSync(at("backup")))
      copyFileSync(at("backup", name), at("model", name));
  };
  const changeByte = (file: string, place: number) => {
    const bytes = readFileSync(file);
    bytes[place]! ^= 1;
    writeFileSync(file, bytes);
  };
  it.each<[string, () => void, RegExp]>([
    [
      "as many rows of the same length",
      () => writeFileSync(data, rowsOf(20).replace("Yes.", "No, ")),
      /rows.jsonl has changed.*same \d+ bytes in number/,
    ],
    [
      "a row of another length",
      () => writeFileSync(data, rowsOf(19) + row(29, "No.")),
      /rows.jsonl has changed.*had \d+ bytes and has/,
    ],
    [
      "rows that were appended",
      () => appendFileSync(data, row(99) + row(98)),
      /rows.jsonl has grown.*2 rows were appended/,
    ],
    [
      "rows that were taken out",
      () => writeFileSync(data, rowsOf(19)),
      /rows.jsonl has changed.*had/,
    ],
    ["held-out rows", () => appendFileSync(at("eval.jsonl"), row(5)), /eval.jsonl has grown/],
    [
      "a weight of the base model",
      () =>
        changeByte(
          at("model", "model.safetensors"),
          readFileSync(at("model", "model.safetensors")).length - 3,
        ),
      /base model .*model.safetensors has other bytes/,
    ],
    [
      "the tokenizer",
      () => appendFileSync(at("model", "tokenizer_config.json"), "\n"),
      /tokenizer .*tokenizer_config.json had/,
    ],
  ])("%s", async (_what, change, message) => {
    try {
      change();
      expect(await refusal()).toMatch(message);
    } finally {
      restore();
      writeFileSync(at("eval.jsonl"), rowsOf(4));
    }
  });

  it("another file that the pattern matches", async () => {
    writeFileSync(at("data", "more.jsonl"), rowsOf(3));
    try {
      expect(await refusal()).toMatch(/not trained on: .*more.jsonl \(3 rows\)/);
    } finally {
      rmSync(at("data", "more.jsonl"));
    }
  });
});

describe("what may change is told, and what is the same is not", () => {
  it("moved and touched files, the same step in other parts, another rate", async () => {
    cpSync(at("run"), at("other"), { recursive: true });
    const past = new Date(Date.now() - 3.6e6);
    utimesSync(at("data", "rows.jsonl"), past, past);
    const said = await train({
      output_dir: at("other"),
      resume_from_checkpoint: at("other", "checkpoint-2"),
      train_file: at("kept", "rows.jsonl"),
      model_name_or_path: at("backup"),
      per_device_train_batch_size: "4",
      gradient_accumulation_steps: "1",
      learning_rate: "0.02",
      logging_first_step: "true",
    });
    expect(said.filter((line) => /was|losses/.test(line))).toEqual([
      "learning_rate was 0.01 and is now 0.02: the steps to come are taken with the new value.",
      "per_device_train_batch_size was 2 and is now 4, gradient_accumulation_steps was 2 and is now 1: a step takes the same 4 rows as before.",
      "From here on, losses are not those of a run that was never stopped.",
    ]);
    // Rows are counted through: as many tokens in each step, in another grouping.
    expect(stepsOf("other").map(({ tokens }) => tokens)).toEqual(
      stepsOf("run").map(({ tokens }) => tokens),
    );
    expect(stepsOf("other")[2]!.learning_rate).toBeCloseTo(
      2 * stepsOf("run")[2]!.learning_rate,
      12,
    );
  });

  it("data that was changed knowingly", async () => {
    cpSync(at("run"), at("knowing"), { recursive: true });
    appendFileSync(at("kept", "rows.jsonl"), row(77));
    const said = await train({
      output_dir: at("knowing"),
      resume_from_checkpoint: at("knowing", "checkpoint-2"),
      train_file: at("kept", "rows.jsonl"),
      resume_changes: "all",
    });
    expect(said.join("\n")).toMatch(/lacks a file|grown|not trained on/);
  });

  it("another machine, other processes, and what an earlier version could not store", async () => {
    cpSync(at("run"), at("moved"), { recursive: true });
    const record = at("moved", "checkpoint-2", "run.json");
    const manifest = at("moved", "checkpoint-2", "manifest.json");
    const write = async (change: (text: string) => string | undefined) => {
      const { createHash } = await import("node:crypto");
      const text = change(readFileSync(record, "utf8"));
      if (text === undefined) rmSync(record);
      else writeFileSync(record, text);
      const { files, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
      const listed = files.flatMap((one: { path: string }) => {
        if (one.path !== "run.json") return [one];
        if (text === undefined) return [];
        const sha256 = createHash("sha256").update(text).digest("hex");
        return [{ path: one.path, size: Buffer.byteLength(text), sha256 }];
      });
      writeFileSync(manifest, JSON.stringify({ ...rest, files: listed }));
    };
    const here = { output_dir: at("moved"), resume_from_checkpoint: at("moved", "checkpoint-2") };
    await write((text) =>
      text
        .replace(/"libtorch": "[^"]*"/, '"libtorch": "2.0.0"')
        .replace(/"threads": \d+/, '"threads": 99'),
    );
    expect(await refusal({ ...here, resume_changes: "none" })).toMatch(/libtorch was 2.0.0/);
    expect((await train(here)).join("\n")).toMatch(
      /Not exact: libtorch was 2\.0\.0 and is now .*, the number of threads was 99 and is now/,
    );
    await write((text) => text.replace(/"processes": \d+/, '"processes": 2'));
    expect(await refusal(here)).toMatch(/was trained in 2 processes, and now there are 1/);
    vi.stubEnv("WORLD_SIZE", "2");
    expect(await refusal(here)).toMatch(/training in 2 processes is not supported yet/);
    vi.unstubAllEnvs();
    await write(() => undefined);
    expect(await refusal({ ...here, lora_alpha: "64" })).toMatch(/lora_alpha is 64, but .* with 4/);
    expect(await refusal({ ...here, use_dora: "true" })).toMatch(/use_dora is true/);
    expect((await train(here)).join("\n")).toMatch(/earlier version.*data.*cannot be told/);
  });
});

it("check finds what train would refuse, and touches nothing", async () => {
  const words = Object.entries({ ...flags, lora_alpha: "64", resume_from_checkpoint: at("run") });
  const before = contents();
  const { ok, findings } = await runCheck(
    undefined,
    words.map(([key, value]) => `--${key}=${value}`),
  );
  expect(ok).toBe(false);
  expect(findings.find(({ blocking }) => blocking)?.what).toMatch(
    /lora_alpha is 64, but .* with 4/,
  );
  const same = Object.entries({ ...flags, learning_rate: "0.02", resume_from_checkpoint: "true" });
  const report = await runCheck(
    undefined,
    same.map(([key, value]) => `--${key}=${value}`),
  );
  expect(report.findings.map(({ what }) => what).join("\n")).toMatch(
    /learning_rate was 0.01 and is now 0.02/,
  );
  expect(report.ok).toBe(true);
  expect(contents()).toEqual(before);
});

describe("a file that is rewritten while a run reads it", () => {
  it.each(["0", "1"])(
    "stops the run, which keeps its steps (%s worker threads)",
    async (threads) => {
      const directory = `rewritten-${threads}`;
      const file = at(`${directory}.jsonl`);
      writeFileSync(file, rowsOf(40));
      const run: Flags = {
        output_dir: at(directory),
        train_file: file,
        save_strategy: "no",
        do_eval: undefined,
        eval_file: undefined,
        max_steps: "10",
        dataloader_num_workers: threads,
        on_error: "skip",
      };
      const error = await train(run, (event) => {
        if (event.type === "step" && event.step === 2)
          writeFileSync(file, rowsOf(40).replaceAll("Yes.", "No!!"));
      }).then(
        () => expect.fail("it went on"),
        (cause) => cause,
      );
      expect(error.message).toBe(`${file}: changed while it was being read`);
      expect(error.exitCode).toBe(3);
      const saved = stepsOf(directory).length;
      expect(readdirSync(at(directory))).toContain(`checkpoint-${saved}`);
      await expect(train({ ...run, resume_from_checkpoint: "true" })).rejects.toThrow(
        /has changed since the checkpoint/,
      );
      writeFileSync(file, rowsOf(40));
      await train({ ...run, resume_from_checkpoint: "true" });
      expect(stepsOf(directory).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    },
  );
});

it("steps whose rows are left out, too long or bad, are the same after a resume", async () => {
  const file = at("sparse.jsonl");
  const long = (i: number) => row(i, "word ".repeat(60));
  const lines = Array.from({ length: 12 }, (_, i) =>
    i % 3 === 0 ? long(i) : i % 3 === 1 ? "{}\n" : row(i),
  );
  writeFileSync(file, lines.join(""));
  const run: Flags = {
    train_file: file,
    do_eval: undefined,
    eval_file: undefined,
    over_length: "drop",
    on_error: "skip",
    per_device_train_batch_size: "1",
    gradient_accumulation_steps: "1",
    weight_decay: "0.1",
    max_steps: "16",
    save_steps: "5",
  };
  await train({ ...run, output_dir: at("straight") });
  const figures = (directory: string) =>
    stepsOf(directory).map(({ step, loss, grad_norm, labelled_tokens }) => [
      step,
      loss,
      grad_norm,
      labelled_tokens,
    ]);
  expect(figures("straight").filter(([, , , labelled]) => labelled === 0)).not.toEqual([]);
  cpSync(at("straight"), at("again"), { recursive: true });
  await train({
    ...run,
    output_dir: at("again"),
    resume_from_checkpoint: at("again", "checkpoint-5"),
  });
  expect(figures("again")).toEqual(figures("straight"));
  for (const name of ["adapter_model.safetensors", skippedRowsName]) {
    expect(readFileSync(at("again", name)).equals(readFileSync(at("straight", name))), name).toBe(
      true,
    );
  }
});
