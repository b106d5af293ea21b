/** Runs of a tiny model that are watched: rows that give no numbers, ruined weights, spikes, the best step. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readAs } from "../../src/cli/data/preview/asRead.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { liveTensors } from "../../src/tensor/index.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { type EventRow, openRunText, readEvents, runTraining } from "../../src/train/index.js";
import { openTrainFile } from "../../src/train/trainingFiles.js";
import { previewCommand } from "../../src/train/watch/index.js";
import { openWorld } from "../../src/train/world.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-watch-"));
const model = writeTestModel();
const rows = path.join(work, "rows.jsonl");
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

/** Rows of which the fifth has a character that no other has. */
const texts = Array.from({ length: 16 }, (_, i) => ({
  messages: [
    { role: "user", content: `question ${i}` },
    { role: "assistant", content: `${"answer ".repeat(1 + (i % 3))}${i === 4 ? "一" : ""}` },
  ],
}));

beforeAll(() => {
  writeFileSync(rows, texts.map((row) => `${JSON.stringify(row)}\n`).join(""));
});

let run: string;
let made = 0;
beforeEach(() => {
  run = path.join(work, `run-${++made}`);
});

const flags = (more: readonly string[], base = model, output = run) => [
  `--model_name_or_path=${base}`,
  `--train_file=${rows}`,
  `--output_dir=${output}`,
  "--template_name=firefly-classic",
  "--max_seq_length=64",
  "--lora_rank=2",
  "--per_device_train_batch_size=1",
  "--gradient_accumulation_steps=2",
  "--lora_dropout=0.1",
  "--learning_rate=0.01",
  "--lr_scheduler_type=constant",
  "--use_cpu",
  "--logging_steps=1",
  "--save_steps=4",
  "--max_steps=8",
  ...more,
];
const train = (more: readonly string[] = [], base?: string, output?: string) =>
  runTraining(loadTrainingConfig(undefined, flags(more, base, output)));
const eventsOf = <Type extends EventRow["type"]>(type: Type, directory = run) =>
  readEvents(path.join(directory, "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: Type }> => row.type === type,
  );
const lossesOf = (directory = run) =>
  eventsOf("step", directory).map(({ step, loss, grad_norm }) => [step, loss, grad_norm]);
const adapterOf = (directory = run) =>
  readFileSync(path.join(directory, "adapter_model.safetensors")).toString("hex");
const checkpointsIn = (directory = run) =>
  readdirSync(directory)
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .map((name) => Number(name.slice("checkpoint-".length)))
    .sort((one, other) => one - other);

/** A copy of the model with NaN where one character is embedded. */
function poisoned(character: string): string {
  const copy = path.join(work, `model-${made}`);
  cpSync(model, copy, { recursive: true });
  const { model: coded } = JSON.parse(readFileSync(path.join(copy, "tokenizer.json"), "utf8"));
  const id: number = coded.vocab[character];
  const file = path.join(copy, "model.safetensors");
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const { data_offsets, shape, dtype } = header["model.embed_tokens.weight"];
  expect(dtype).toBe("F32");
  const at = 8 + length + data_offsets[0] + id * shape[1] * 4;
  for (let i = 0; i < shape[1]; i++) bytes.writeFloatLE(Number.NaN, at + 4 * i);
  writeFileSync(file, bytes);
  return copy;
}

/** A copy of a finished run without its checkpoints after a step. */
function copyUpTo(step: number): string {
  const copy = `${run}-from-${step}`;
  cpSync(run, copy, { recursive: true });
  for (const later of checkpointsIn(copy).filter((one) => one > step)) {
    rmSync(path.join(copy, `checkpoint-${later}`), { recursive: true });
  }
  return copy;
}

/** Goes on from an earlier checkpoint of a finished run, in a copy of it. */
async function resumed(step: number, more: readonly string[], base?: string): Promise<string> {
  const copy = copyUpTo(step);
  await train([...more, "--resume"], base, copy);
  return copy;
}

describe("a row that gives no number", () => {
  it("stops the run in its step, and is named with the place in the model", async () => {
    const before = liveTensors();
    const error = await train([], poisoned("一")).catch((thrown: unknown) => thrown);
    const [event] = eventsOf("non_finite");
    const { step } = event!;
    expect(error).toMatchObject({
      exitCode: 1,
      message: `step ${step}: the loss is NaN and the gradient norm is NaN`,
      why: expect.stringContaining(`the row is ${rows}:5 (loss NaN)`),
    });
    expect(event).toMatchObject({
      action: "stop",
      layer: "model.embed_tokens.weight (forward)",
      weights: ["model.embed_tokens.weight"],
      rows: [{ file: rows, line: 5 }],
    });
    expect(Math.max(0, ...checkpointsIn())).toBeLessThan(step);
    expect(existsSync(path.join(run, "adapter_model.safetensors"))).toBe(false);
    expect(liveTensors()).toBe(before);
  });

  it("is skipped with on_non_finite skip, and a resumed run skips it too", async () => {
    const bad = poisoned("一");
    const more = ["--on_non_finite=skip"];
    const { reason, summary } = await train(more, bad);
    expect(reason).toBe("done");
    const events = eventsOf("non_finite");
    expect(events.map(({ action, rows: [row] }) => [action, row?.line])).toEqual([["skip", 5]]);
    expect(summary).toMatchObject({ steps: 8, steps_skipped: 1 });
    const copy = await resumed(4, more, bad);
    expect(lossesOf(copy)).toEqual(lossesOf());
    expect(adapterOf(copy)).toBe(adapterOf());
  });

  it("ends a run that was to skip it, after as many steps as are allowed", async () => {
    const more = [
      "--on_non_finite=skip",
      "--max_steps=16",
      "--max_non_finite_steps=1",
      "--save_steps=20",
    ];
    await expect(train(more, poisoned("一"))).rejects.toMatchObject({
      why: expect.stringContaining("1 steps were skipped before, as many as max_non_finite_steps"),
    });
    expect(eventsOf("non_finite").map(({ action }) => action)).toEqual(["skip", "stop"]);
  });

  it("is left out for good with on_non_finite rollback, and by a resumed run too", async () => {
    const bad = poisoned("一");
    const more = ["--on_non_finite=rollback"];
    const { reason, summary } = await train(more, bad);
    expect([reason, summary.steps_skipped, summary.rows_skipped]).toEqual(["done", 0, 1]);
    // The steps that were taken back are told once, as those of a resumed run.
    expect(lossesOf().map(([step]) => step)).toEqual(Array.from({ length: 8 }, (_, i) => i + 1));
    const [resume] = eventsOf("resume");
    expect(resume).toMatchObject({ left_out: [{ file: rows, line: 5 }] });
    expect(resume!.step).toBeLessThan(resume!.left_out![0]!.step);
    const listed = readFileSync(path.join(run, "skipped_rows.jsonl"), "utf8").trim().split("\n");
    expect(listed.map((line) => JSON.parse(line).line)).toEqual([5]);
    const copy = await resumed(4, more, bad);
    expect(lossesOf(copy)).toEqual(lossesOf());
    expect(adapterOf(copy)).toBe(adapterOf());
  });
});

describe("ruined weights", () => {
  it("of the last step are not saved, neither as a checkpoint nor as the result", async () => {
    await expect(train(["--learning_rate=1e38", "--max_steps=1"])).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining("step 1: the"),
      todo: expect.stringContaining("nothing has been saved yet"),
    });
    expect(checkpointsIn()).toEqual([]);
    expect(existsSync(path.join(run, "adapter_model.safetensors"))).toBe(false);
    expect(eventsOf("end").map(({ reason }) => reason)).toEqual(["failed"]);
  });

  it("push no good checkpoint out", async () => {
    await train(["--max_steps=4"]);
    const more = [
      "--max_steps=6",
      "--learning_rate=1e38",
      "--save_steps=1",
      "--save_total_limit=1",
    ];
    await expect(train([...more, "--resume"])).rejects.toMatchObject({
      todo: expect.stringContaining("--resume from checkpoint-4, which is untouched"),
    });
    expect(checkpointsIn()).toContain(4);
    expect(Math.max(...checkpointsIn())).toBe(4);
  });

  it("whose held-out loss is no number are a failure", async () => {
    const more = ["--do_eval", `--eval_file=${rows}`, "--save_strategy=no", "--learning_rate=1e30"];
    await expect(train([...more, "--max_steps=1"])).rejects.toMatchObject({ exitCode: 1 });
    expect(existsSync(path.join(run, "adapter_model.safetensors"))).toBe(false);
  });
});

describe("the best step", () => {
  const best = [
    "--learning_rate=0.3",
    "--load_best_model_at_end",
    `--eval_file=${rows}`,
    "--eval_strategy=steps",
    "--eval_steps=2",
    "--save_total_limit=1",
    "--early_stopping_patience=2",
    "--save_steps=2",
    "--max_steps=40",
  ];

  it("is kept, loaded at the end, and training ends when nothing is gained", async () => {
    const { summary } = await train(best);
    const evaluations = eventsOf("evaluation").map(({ step, eval_loss }) => [step, eval_loss]);
    const [step, loss] = evaluations.toSorted((one, other) => one[1]! - other[1]!)[0]!;
    const last = evaluations.at(-1)![0]!;
    expect(last).toBe(step! + 4);
    expect(summary).toMatchObject({
      steps: last,
      stopped_early: true,
      best_step: step,
      best_eval_loss: loss,
    });
    expect(checkpointsIn()).toEqual([step, last]);
    expect(eventsOf("checkpoint").findLast(({ best: isBest }) => isBest)?.step).toBe(step);
    expect(adapterOf()).toBe(adapterOf(path.join(run, `checkpoint-${step}`)));
    const copy = await resumed(step!, best);
    expect(lossesOf(copy)).toEqual(lossesOf());
    expect(eventsOf("end", copy).at(-1)).toMatchObject({ best_step: step, steps: last });
    expect(adapterOf(copy)).toBe(adapterOf());
  });

  /** Weights in a directory, by the name of the file. */
  const weightsOf = (directory: string) =>
    readdirSync(directory)
      .filter((name) => name.endsWith("model.safetensors"))
      .map((name) => [name, readFileSync(path.join(directory, name)).toString("hex")]);

  it.each([
    ["full", ["--train_mode=full", "--learning_rate=0.01"]],
    ["QLoRA", ["--train_mode=qlora", "--lora_rank=2"]],
    ["DoRA", ["--use_dora", "--lora_rank=2"]],
  ])("is the result of a %s run with save_strategy best, resumed or not", async (_, more) => {
    const others = path.join(work, "others.jsonl");
    const messages = [
      { role: "user", content: "question?" },
      { role: "assistant", content: "ZEBRA 1234" },
    ];
    writeFileSync(others, `${JSON.stringify({ messages })}\n`);
    const all = [
      "--learning_rate=0.02",
      "--load_best_model_at_end",
      "--save_strategy=best",
      `--eval_file=${others}`,
      "--eval_strategy=steps",
      "--eval_steps=1",
      "--early_stopping_patience=4",
      "--max_steps=16",
      ...more,
    ];
    const train = (extra: readonly string[] = [], output = run) => {
      const given = [...flags(all, model, output), ...extra];
      const kept = given.filter((flag) => {
        const isOther = flag === "--lora_dropout=0.1" || flag === "--lora_rank=2";
        return !(flag === "--save_steps=4" || (all.includes("--train_mode=full") && isOther));
      });
      return runTraining(loadTrainingConfig(undefined, kept));
    };
    const { summary } = await train();
    const { best_step: step, steps } = summary;
    expect(step).toBeGreaterThan(1);
    expect(steps).toBeGreaterThan(step!);
    const saved = checkpointsIn();
    expect(saved).toContain(step);
    expect(weightsOf(run)).toEqual(weightsOf(path.join(run, `checkpoint-${step}`)));
    for (const from of new Set([saved[0]!, step!])) {
      const copy = copyUpTo(from);
      await train(["--resume"], copy);
      expect(lossesOf(copy)).toEqual(lossesOf());
      expect(eventsOf("end", copy).at(-1)).toMatchObject({ best_step: step, steps });
      expect(weightsOf(copy)).toEqual(weightsOf(run));
    }
  });
});

describe("the command that a spike names", () => {
  it("shows rows as the run reads them, whatever its configuration says", async () => {
    const named = path.join(work, "named.jsonl");
    const turns = (i: number) => [
      { speaker: "user", words: `who is {{NAME}} ${i}?` },
      { speaker: "assistant", words: "some ".repeat(1 + (i % 4)) },
      { speaker: "user", words: "and?" },
      { speaker: "assistant", words: `number ${i}` },
    ];
    const lines = Array.from({ length: 12 }, (_, i) => JSON.stringify({ messages: turns(i) }));
    writeFileSync(named, lines.map((line) => `${line}\n`).join(""));
    const file = path.join(work, "named.json");
    const message_keys = { role: "speaker", content: "words" };
    writeFileSync(
      file,
      JSON.stringify({
        train_file: [{ path: named, message_keys }, rows],
        placeholders: { NAME: "Ada" },
        mask_history: true,
      }),
    );
    const words = [...flags(["--max_steps=1"]), "--max_seq_length=60"];
    const own = words.filter((word) => !word.startsWith("--train_file"));
    const { config } = loadTrainingConfig(file, own);
    await runTraining(loadTrainingConfig(file, own));
    const text = await openRunText(config);
    const data = await openTrainFile(config, text, undefined, openWorld({}));
    const trained = new Map<string, unknown>();
    for (let number = 0; number < data.microBatchesPerEpoch; number++) {
      for (const { source, inputIds, labels } of (await data.microBatch(number)).sequences) {
        if (source.file === named) trained.set(String(source.line), [[...inputIds], [...labels]]);
      }
    }
    await data.close();
    expect(trained.size).toBe(12);

    const command = previewCommand({ file: named, line: 4 }, config);
    const [, ...given] = command.split(" ");
    const place = given.indexOf(`${named}:4`);
    expect(place).toBeGreaterThan(0);
    const main = path.resolve(import.meta.dirname, "../../src/cli/main.ts");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), main, ...given.with(place, named), "--json"].concat(
        "--limit=20",
      ),
      { encoding: "utf8" },
    );
    if (stdout === "") throw new Error(stderr);
    const all: [string, unknown][] = JSON.parse(stdout).rows.map(
      (row: { source: { line: number }; input_ids: number[]; labels: number[] }) => [
        String(row.source.line),
        [row.input_ids, row.labels],
      ],
    );
    expect(all).toHaveLength(12);
    for (const [line, tokens] of all) expect(tokens).toEqual(trained.get(line));
  });

  it("takes no settings beside the run's, and needs a run", async () => {
    await expect(readAs({ run: work, model }, [rows])).rejects.toThrow(
      "--run and --model are both given",
    );
    await expect(readAs({ run: work }, [rows])).rejects.toThrow(`${work}: there is no run`);
  });
});
