/** Runs of a tiny model, in this process or in one of their own, and what they leave behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeTestModel } from "../../src/generate/testModel.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import {
  type EventRow,
  fetchBaseModel,
  openText,
  type RunResult,
  readEvents,
  runTraining,
} from "../../src/train/index.js";
import { openTrainFile } from "../../src/train/trainingFiles.js";
import { openWorld } from "../../src/train/world.js";
import { requireEqual } from "./fault.js";

/** Where the runs lie: in memory where that is possible, since a sync to a busy disk takes long. */
const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
export const work = mkdtempSync(path.join(base, "tunewright-faults-"));
let model: string | undefined;
process.on("exit", () => {
  for (const place of [work, model ?? work]) rmSync(place, { recursive: true, force: true });
});

let made = 0;
/** A path that does not exist yet, for a run. */
export const scratch = (name: string): string => path.join(work, `${name}-${++made}`);

export const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");

/** A file of rows that every call makes again with the same content. */
function rowsFile(name: string, count: number, row: (index: number) => object): string {
  const file = path.join(work, name);
  const text = Array.from({ length: count }, (_, i) => `${JSON.stringify(row(i))}\n`).join("");
  if (!existsSync(file)) writeFileSync(file, text);
  return file;
}

const conversation = (word: string) => (index: number) => ({
  messages: [
    { role: "user", content: `${word} ${index}` },
    { role: "assistant", content: `${index} ${word}`.repeat(1 + (index % 3)) },
  ],
});

export const files = {
  conversations: () => rowsFile("rows.jsonl", 30, conversation("hi")),
  /** So many that two epochs are 60 steps of E1. */
  many: () => rowsFile("many.jsonl", 112, conversation("hi")),
  others: () => rowsFile("others.jsonl", 14, conversation("yo")),
  heldOut: () => rowsFile("held-out.jsonl", 6, conversation("ok")),
  texts: () => rowsFile("texts.jsonl", 30, (i) => ({ text: `text ${i} `.repeat(2 + (i % 4)) })),
  mixture: () => {
    const file = path.join(work, "mixture.json");
    const sources = [
      { path: files.conversations(), weight: 1, limit: 20 },
      { path: files.others(), weight: 2 },
    ];
    if (!existsSync(file)) writeFileSync(file, JSON.stringify({ train_file: sources }));
    return file;
  },
};

/** Steps of a run, and steps between two checkpoints. */
export const totalSteps = 10;
export const saveSteps = 3;

/** Words behind `train` for a run in a directory. */
export function words(directory: string, more: readonly string[] = []): string[] {
  model ??= writeTestModel();
  const isGiven = (key: string) => more.some((word) => word.startsWith(`--${key}`));
  return [
    `--model_name_or_path=${model}`,
    `--output_dir=${directory}`,
    ...(more[0]?.startsWith("-") === false || isGiven("train_file")
      ? []
      : [`--train_file=${files.conversations()}`]),
    "--template_name=firefly-classic",
    "--max_seq_length=48",
    "--per_device_train_batch_size=2",
    "--learning_rate=0.01",
    "--lr_scheduler_type=constant",
    "--use_cpu",
    "--logging_steps=1",
    ...(isGiven("save_s") ? [] : [`--save_steps=${saveSteps}`]),
    ...(isGiven("max_steps") || isGiven("num_train_epochs") ? [] : [`--max_steps=${totalSteps}`]),
  ];
}

const commandWords = (directory: string, more: readonly string[]) => {
  const [first] = more;
  const isFile = first !== undefined && !first.startsWith("-");
  const flags = [...words(directory, more), ...(isFile ? more.slice(1) : more)];
  return { file: isFile ? first : undefined, flags };
};

/** Trains in this process. @param say gets the lines for the user */
export async function trainHere(
  directory: string,
  more: readonly string[] = [],
  options: { say?: (line: string) => void; read?: (row: EventRow) => void } = {},
): Promise<RunResult> {
  const { file, flags } = commandWords(directory, more);
  return runTraining(loadTrainingConfig(file, flags), {
    readers: options.read ? [options.read] : [],
    say: options.say ?? (() => {}),
  });
}

/** A training process. */
export interface TrainProcess {
  child: ChildProcess;
  /** What it has written to standard error so far. */
  text: () => string;
  /** Calls back whenever there is more, with all of it. */
  onText: (listener: (text: string) => void) => void;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; text: string }>;
}

/** @param before a program and its words that start the command, such as `prlimit` */
export function trainProcess(
  directory: string,
  more: readonly string[] = [],
  before: readonly string[] = [],
): TrainProcess {
  const { file, flags } = commandWords(directory, more);
  const command = [...before, process.execPath, main, "train"];
  const given = [...command.slice(1), ...(file === undefined ? [] : [file]), ...flags];
  const child = spawn(command[0]!, given, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  let text = "";
  const listeners: ((text: string) => void)[] = [];
  child.stderr?.on("data", (chunk) => {
    text += chunk;
    for (const listener of listeners) listener(text);
  });
  return {
    child,
    text: () => text,
    onText: (listener) => void listeners.push(listener),
    ended: new Promise((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal, text }));
    }),
  };
}

/** What must not depend on interruptions. */
export interface Outcome {
  /** SHA-256 by the name of the file. */
  weights: Record<string, string>;
  /** Every step row, in the order of the file. */
  steps: { step: number; loss: number; grad_norm: number; tokens: number }[];
  /** Every evaluation row. */
  evaluations: { step: number; loss: number }[];
  /** Every answer to a sample prompt. */
  answers: { step: number; prompt: string; text: string }[];
}

export const sha256 = (file: string): string =>
  createHash("sha256").update(readFileSync(file)).digest("hex");

/** Hashes of the weights in a directory. */
export function weightsIn(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => name.endsWith(".safetensors"));
  return Object.fromEntries(names.sort().map((name) => [name, sha256(path.join(directory, name))]));
}

export function outcomeOf(directory: string): Outcome {
  const rows = readEvents(path.join(directory, "events.jsonl"));
  return {
    weights: weightsIn(directory),
    steps: rows.flatMap((row) =>
      row.type === "step"
        ? [{ step: row.step, loss: row.loss, grad_norm: row.grad_norm, tokens: row.tokens }]
        : [],
    ),
    evaluations: rows.flatMap((row) =>
      row.type === "evaluation" ? [{ step: row.step, loss: row.eval_loss }] : [],
    ),
    answers: rows.flatMap((row) =>
      row.type === "sample" ? [{ step: row.step, prompt: row.prompt, text: row.text }] : [],
    ),
  };
}

/** Events of a kind, in their order. */
export const eventsIn = <Type extends EventRow["type"]>(directory: string, type: Type) =>
  readEvents(path.join(directory, "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: Type }> => row.type === type,
  );

/** Steps of the checkpoints in a run directory. */
export const checkpointsIn = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap((name) => (/^checkpoint-\d+$/.test(name) ? [Number(name.split("-")[1])] : []))
    .sort((one, other) => one - other);

/**
 * The lines of a file that are the rows of each step of a run, as its data tells; the first step first.
 *
 * @param more words behind `train`
 */
export async function linesOfSteps(
  directory: string,
  more: readonly string[],
  name: string,
): Promise<number[][]> {
  const { file, flags } = commandWords(directory, more);
  const { config } = loadTrainingConfig(file, flags);
  const text = await openText(await fetchBaseModel(config), config);
  const data = await openTrainFile(config, text, undefined, openWorld({}));
  try {
    const { max_steps, num_train_epochs, gradient_accumulation_steps: accumulation } = config;
    const steps: number[][] = [];
    const all = num_train_epochs * data.microBatchesPerEpoch;
    const count = max_steps > 0 ? max_steps * accumulation : all;
    for (let number = 0; number < count; number++) {
      const batch = await data.microBatch(number);
      const step = Math.floor(number / accumulation);
      steps[step] ??= [];
      const own = batch.sequences.filter(({ source }) => source.file === name);
      steps[step].push(...own.map(({ source }) => source.line));
    }
    return steps;
  } finally {
    await data.close();
  }
}

/** Throws unless a run ended as an uninterrupted one, with each step, evaluation and answer once. */
export function requireSame(directory: string, reference: Outcome): void {
  const outcome = outcomeOf(directory);
  requireEqual(
    outcome.steps.map(({ step }) => step),
    reference.steps.map(({ step }) => step),
    "steps on record",
  );
  requireEqual(outcome.steps, reference.steps, "losses");
  requireEqual(outcome.evaluations, reference.evaluations, "held-out losses");
  requireEqual(outcome.answers, reference.answers, "sample answers");
  requireEqual(outcome.weights, reference.weights, "weights");
}

const known = new Map<string, Promise<Outcome>>();

/** The outcome of an uninterrupted run with the same flags, computed once. */
export function referenceOf(more: readonly string[]): Promise<Outcome> {
  const key = more.join(" ");
  let outcome = known.get(key);
  if (!outcome) {
    const directory = scratch("reference");
    outcome = trainHere(directory, more).then(() => outcomeOf(directory));
    known.set(key, outcome);
  }
  return outcome;
}

/** What training can be made of; each must be resumed exactly. */
export const variants: Readonly<Record<string, () => string[]>> = {
  lora: () => ["--lora_rank=2", "--lora_dropout=0.1", "--gradient_accumulation_steps=2"],
  qlora: () => ["--bits=4", "--lora_rank=2", "--lora_dropout=0.1"],
  full: () => ["--train_mode=full", "--weight_decay=0.1"],
  packing: () => ["--lora_rank=2", "--packing", "--num_train_epochs=2"],
  mixture: () => [files.mixture(), "--lora_rank=2", "--gradient_accumulation_steps=3"],
  workers: () => ["--lora_rank=2", "--dataloader_num_workers=2"],
  evaluation: () => [
    "--lora_rank=2",
    `--eval_file=${files.heldOut()}`,
    "--eval_strategy=steps",
    "--eval_steps=2",
    "--sample_prompts=hi",
    "--sample_max_new_tokens=4",
  ],
  streaming: () => ["--lora_rank=2", "--streaming", "--shuffle_buffer_size=8"],
  bf16: () => ["--lora_rank=2", "--bf16", "--lora_dropout=0.1"],
  "8-bit Adam": () => ["--lora_rank=2", "--optim=adamw_8bit"],
  pretrain: () => [
    "--task_type=pretrain",
    `--train_file=${files.texts()}`,
    "--lora_rank=2",
    "--gradient_accumulation_steps=2",
  ],
};
