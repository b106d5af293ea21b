/**
 * A run that is stopped or killed at any of its events, and goes on, must leave what one leaves that
 * nothing happened to: losses, held-out losses, answers, the best step, checkpoints, the result.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { type EventRow, type RunOptions, readEvents, runTraining } from "../../src/train/index.js";

/** The signal that has come, as the run sees it. */
let signal = 0;
vi.mock("../../src/util/signals.js", async (importOriginal) => {
  const actual = await importOriginal<typeof import("../../src/util/signals.js")>();
  return {
    ...actual,
    receivedSignal: () => signal,
    stopIfAsked() {
      if (signal !== 0) throw new actual.Interrupted("stopped by a signal");
    },
  };
});

const work = mkdtempSync(path.join(tmpdir(), "tunewright-interruptions-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const turns = (word: string, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const content = `${i} ${word}`.repeat(1 + (i % 3));
    const messages = [
      { role: "user", content: `${word} ${i}` },
      { role: "assistant", content },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join("");
const file = (name: string, text: string) => {
  writeFileSync(path.join(work, name), text);
  return path.join(work, name);
};

let flags: string[];
let made = 0;
const newRun = () => path.join(work, `run-${++made}`);

/** Trains, or goes on; `at` sees every event and, as text, every step. */
async function train(run: string, at: (moment: EventRow | string) => void = () => {}) {
  const options: RunOptions = {
    readers: [at],
    onTick: ({ step }) => at(`step ${step}`),
  };
  const config = loadTrainingConfig(undefined, [...flags, `--output_dir=${run}`, "--resume"]);
  try {
    return await runTraining(config, options);
  } finally {
    signal = 0;
  }
}

const timed = /^(time|attempt|seconds|keepBytes|dataWait|tokens_per_second|data_wait_seconds|mfu)$/;
const measured = /(_bytes|_runtime|_per_second)$/;
const plain = (key: string, value: unknown) =>
  timed.test(key) || measured.test(key) || key === "run_dir" ? undefined : value;
const json = (value: unknown) => JSON.parse(JSON.stringify(value, plain));

/** What must not depend on what happened to a run. */
function outcome(run: string) {
  const rows = readEvents(path.join(run, "events.jsonl"));
  const told = rows.filter(
    (row) =>
      !/^(start|resume|checkpoint|end)$/.test(row.type) &&
      // What an attempt says of the one before.
      !(row.type === "warning" && row.message.startsWith("The attempt before ended")),
  );
  const text = (name: string) => readFileSync(path.join(run, name), "latin1");
  const files = ["checkpoint-2", "checkpoint-4", "."].flatMap((folder) =>
    readdirSync(path.join(run, folder))
      .filter((name) => /\.safetensors$|^adapter_config/.test(name))
      .map((name) => path.join(folder, name)),
  );
  const states = ["checkpoint-2", "checkpoint-4"].map((name) =>
    json(JSON.parse(text(`${name}/trainer_state.json`))),
  );
  return {
    rows: told.map((row) => json(row)),
    end: json({ ...rows.at(-1), time: 0 }),
    states,
    files: Object.fromEntries(files.map((name) => [name, text(name)])),
    skipped: text("skipped_rows.jsonl"),
  };
}

const straight = newRun();
/** The moments of the run that nothing happens to, and its directory at each of them. */
const moments: { name: string; copy: string }[] = [];
const nameOf = (moment: EventRow | string) =>
  typeof moment === "string" ? moment : `${moment.type} ${moment.step}`;

beforeAll(async () => {
  const bad = '{"messages": [{"role": "user", "content": "no answer"}]}\n';
  flags = [
    `--model_name_or_path=${model}`,
    `--train_file=${file("one.jsonl", turns("hi", 5) + bad)}`,
    `--train_file=${file("two.jsonl", turns("yo", 6))}`,
    `--eval_file=${file("held-out.jsonl", turns("ok", 3))}`,
    `--sample_dialogue=${file("turns.txt", "hi\n\nyo\n")}`,
    "--sample_prompts=hi",
    "--sample_max_new_tokens=3",
    "--template_name=firefly-classic",
    "--max_seq_length=48",
    "--lora_rank=2",
    "--lora_dropout=0.1",
    "--per_device_train_batch_size=2",
    "--gradient_accumulation_steps=2",
    "--learning_rate=0.01",
    "--on_error=skip",
    "--use_cpu",
    "--max_steps=4",
    "--logging_steps=3",
    "--save_steps=2",
    "--eval_strategy=steps",
    "--eval_steps=2",
    "--eval_on_start",
    "--load_best_model_at_end",
    "--early_stopping_patience=3",
  ];
  await train(straight, (moment) => {
    const copy = path.join(work, `copy-${moments.length}`);
    moments.push({ name: nameOf(moment), copy });
    cpSync(straight, copy, { recursive: true });
  });
}, 120_000);

it("the run has what can be interrupted", () => {
  const { rows, end } = outcome(straight);
  const kinds = rows.map((row: EventRow) => `${row.type} ${row.step}`);
  expect(new Set(kinds)).toEqual(
    new Set([
      ...["evaluation 0", "sample 0", "dialogue 0"],
      ...["evaluation 2", "sample 2", "dialogue 2"],
      ...["step 3", "step 4", "evaluation 4", "sample 4", "dialogue 4"],
      kinds.find((kind) => kind.startsWith("warning"))!,
    ]),
  );
  expect(end).toMatchObject({ type: "end", reason: "done", best_step: 4 });
  expect(moments.map(({ name }) => name)).toContain("checkpoint 2");
});

describe("a run that goes on", () => {
  it("leaves the same wherever it was killed", async () => {
    const expected = outcome(straight);
    for (const { name, copy } of moments) {
      await train(copy);
      expect(outcome(copy), `killed at ${name}`).toEqual(expected);
    }
  }, 600_000);

  it("leaves the same wherever a signal stopped it", async () => {
    const expected = outcome(straight);
    for (const { name } of moments.slice(0, -1)) {
      const run = newRun();
      const { reason } = await train(run, (moment) => {
        if (nameOf(moment) === name) signal = 15;
      });
      expect(reason, name).toBe("stopped");
      await train(run);
      expect(outcome(run), `stopped at ${name}`).toEqual(expected);
    }
  }, 600_000);

  it("leaves the same where what was to be made up is interrupted again", async () => {
    const expected = outcome(straight);
    const run = newRun();
    const copy = newRun();
    // The evaluation of step 2 never comes to its end; made up, the answers behind it do not either.
    await train(run, (moment) => {
      if (nameOf(moment) === "step 2") signal = 15;
    });
    for (const [name, expectation] of [
      ["evaluation 2", "stopped"],
      ["sample 2", "stopped"],
    ] as const) {
      const { reason } = await train(run, (moment) => {
        if (nameOf(moment) !== name) return;
        if (name === "sample 2") cpSync(run, copy, { recursive: true });
        signal = 15;
      });
      expect(reason).toBe(expectation);
    }
    for (const one of [run, copy]) {
      await train(one);
      expect(outcome(one)).toEqual(expected);
    }
  }, 120_000);
});
