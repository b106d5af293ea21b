/** Event files are read by TensorBoard's own package: values, texts, and steps that were done again. */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { metricsOf, openTrackers } from "../../src/tracking/index.js";
import {
  type EventRow,
  loadTrainingConfig,
  readEvents,
  runTraining,
} from "../../src/train/index.js";
import { runPython, trackersPython } from "./pythonTrackers.js";

interface Read {
  scalars: Record<string, [time: number, step: number, value: string][]>;
  texts: Record<string, [step: number, text: string][]>;
  plugins: Record<string, string>;
  records: Record<string, number>;
}

const python = await trackersPython();
const work = mkdtempSync(path.join(tmpdir(), "tunewright-tensorboard-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const script = path.join(import.meta.dirname, "tensorboard_read.py");
const readBoards = async (...folders: string[]) =>
  (await runPython(python!, script, folders)) as Read[];

const rows = path.join(import.meta.dirname, "fixtures/run-version-0/rows.jsonl");
const flags = (run: string, ...more: string[]) => [
  `--model_name_or_path=${model}`,
  `--train_file=${rows}`,
  `--eval_file=${rows}`,
  `--output_dir=${run}`,
  "--template_name=firefly-classic",
  "--report_to=tensorboard",
  "--sample_prompts=你好",
  "--sample_prompts=<b>two</b>",
  "--sample_max_new_tokens=4",
  ..."max_seq_length=48 lora_rank=2 per_device_train_batch_size=2 gradient_accumulation_steps=2"
    .split(" ")
    .map((flag) => `--${flag}`),
  ..."lora_dropout=0.1 use_cpu logging_steps=1 save_steps=2 max_steps=6 eval_strategy=steps eval_steps=2"
    .split(" ")
    .map((flag) => `--${flag}`),
  ...more,
];

/** Trains with the trackers that the flags name. @param onRow gets each row after them */
async function train(words: readonly string[], onRow: (row: EventRow) => void = () => {}) {
  const loaded = loadTrainingConfig(undefined, [...words]);
  const trackers = openTrackers(loaded.config, { say: console.warn });
  try {
    return await runTraining(loaded, { readers: [...trackers.readers, onRow] });
  } finally {
    await trackers.close();
  }
}

/** The same in a process that kills itself, with SIGKILL, once it has recorded step 5. */
function trainUntilKilled(words: readonly string[]): Promise<NodeJS.Signals | null> {
  const source = path.resolve(import.meta.dirname, "../../src");
  const code = `
    import { openTrackers } from ${JSON.stringify(path.join(source, "tracking/index.ts"))};
    import { loadTrainingConfig, runTraining } from ${JSON.stringify(path.join(source, "train/index.ts"))};
    const loaded = loadTrainingConfig(undefined, ${JSON.stringify(words)});
    const trackers = openTrackers(loaded.config, { say: console.warn });
    const kill = (row) => { if (row.type === "step" && row.step === 5) process.kill(process.pid, "SIGKILL"); };
    await runTraining(loaded, { readers: [...trackers.readers, kill] });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
    stdio: "inherit",
    cwd: path.dirname(source),
  });
  return new Promise((resolve) => child.on("close", (_code, signal) => resolve(signal)));
}

describe.skipIf(!python)("the tensorboard package", () => {
  it("shows a run that was killed and went on as one that was not", async () => {
    const run = path.join(work, "killed");
    expect(await trainUntilKilled(flags(run))).toBe("SIGKILL");
    const board = path.join(run, "runs");
    const [first] = readdirSync(board);
    // The kill may have come in the middle of a record.
    appendFileSync(path.join(board, first!), Buffer.from([200, 0, 0, 0]));
    await train(flags(run, "--resume"));

    const [read] = (await readBoards(board)) as [Read];
    const events = readEvents(path.join(run, "events.jsonl"));
    expect(events.filter(({ type }) => type === "start")).toHaveLength(2);
    const expected: Record<string, [number, number, number][]> = {};
    for (const row of events) {
      for (const [name, value] of Object.entries(metricsOf(row) ?? {})) {
        const points = expected[name] ?? [];
        expected[name] = [...points, [row.time, row.step, Math.fround(value)]];
      }
    }
    const found = Object.entries(read.scalars).map(([tag, points]) => [
      tag,
      points.map(([time, step, value]) => [time, step, Number(value)]),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
    expect(expected["train/loss"]?.map(([, step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(expected["eval/loss"]?.map(([, step]) => step)).toEqual([2, 4, 6]);

    // The texts of each step once, and what each attempt was configured with.
    const samples = events.filter((row) => row.type === "sample");
    for (const [i, tag] of ["sample/1/text_summary", "sample/2/text_summary"].entries()) {
      const own = samples.filter((_, number) => number % 2 === i);
      expect(read.texts[tag]?.map(([step]) => step)).toEqual(own.map(({ step }) => step));
      const [, text] = read.texts[tag]!.at(-1)!;
      expect(text).toContain(`    ${own[0]!.prompt}`);
      expect(text.replace(/^ {4}/gm, "")).toContain(own.at(-1)!.text);
      expect(read.plugins[tag]).toBe("text");
    }
    const configs = read.texts["args/text_summary"]!;
    expect(configs.map(([step]) => step)).toEqual([0, 5]);
    expect(JSON.parse(configs[0]![1])).toMatchObject({ max_steps: 6, report_to: ["tensorboard"] });
  });

  it("reads a file up to where it is cut, at any byte of its last record", async () => {
    const [run] = readdirSync(work);
    const source = path.join(work, run!, "runs");
    const name = readdirSync(source).sort().at(-1)!;
    const { size } = statSync(path.join(source, name));
    const cut = [1, 4, 17, 60].map((bytes) => {
      const folder = mkdtempSync(path.join(work, "torn-"));
      cpSync(path.join(source, name), path.join(folder, name));
      truncateSync(path.join(folder, name), size - bytes);
      return folder;
    });
    const [whole, ...torn] = await readBoards(source, ...cut);
    const left = { [name]: whole!.records[name]! - 1 };
    expect(torn.map(({ records }) => records)).toEqual([left, left, left, left]);
  });
});
