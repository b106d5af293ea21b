/** E1, E2: resuming at every step of a run, and with other threads. */
import fs from "node:fs";
import path from "node:path";
import { refuseAllocations } from "../../src/tensor/index.js";
import { type EventRow, readEvents } from "../../src/train/index.js";
import { type Fault, pick, require, requireEqual, trials } from "./fault.js";
import { files, outcomeOf, requireSame, scratch, trainHere, weightsIn } from "./runs.js";

/** Two epochs of 112 rows: accumulation, packing, dropout and evaluation together. */
const flags = (): string[] => [
  `--train_file=${files.many()}`,
  "--lora_rank=2",
  "--lora_dropout=0.1",
  "--packing",
  "--max_seq_length=32",
  "--per_device_train_batch_size=1",
  "--gradient_accumulation_steps=2",
  "--num_train_epochs=2",
  "--save_steps=1",
  `--eval_file=${files.heldOut()}`,
  "--eval_strategy=steps",
  "--eval_steps=3",
  "--weight_decay=0.1",
];

/**
 * A whole run with a checkpoint at every step, and what a run holds that was stopped behind one.
 *
 * @param read gets its events
 */
async function straightRun(read?: (row: EventRow) => void) {
  const directory = scratch("every");
  await trainHere(directory, flags(), { ...(read && { read }) });
  const total = outcomeOf(directory).steps.length;
  const stoppedAt = (step: number): string => {
    const place = scratch("from");
    fs.mkdirSync(place);
    const name = `checkpoint-${step}`;
    fs.cpSync(path.join(directory, name), path.join(place, name), { recursive: true });
    fs.copyFileSync(path.join(directory, "config.json"), path.join(place, "config.json"));
    fs.copyFileSync(path.join(directory, "events.jsonl"), path.join(place, "events.jsonl"));
    return place;
  };
  return { directory, total, stoppedAt };
}

export const everyStep: Fault = {
  id: "E1",
  title: "resume at each step of a run: accumulation, packing, dropout, evaluation",
  count: 0,
  short: 2,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const { directory, total, stoppedAt } = await straightRun();
    const reference = outcomeOf(directory);
    const steps =
      count === 0
        ? Array.from({ length: total }, (_, i) => i + 1)
        : Array.from({ length: count }, () => 1 + random(total));
    for (const step of steps) {
      await trial(`step ${step} of ${total}`, async () => {
        const place = stoppedAt(step);
        await trainHere(place, [...flags(), "--resume"]);
        requireSame(place, reference);
        requireSameCheckpoints({ place, directory, from: step, to: total });
        const attempts = readEvents(path.join(place, "events.jsonl")).filter(
          ({ type }) => type === "resume",
        );
        requireEqual(
          attempts.map((row) => row.step),
          [step],
          "steps resumed at",
        );
        fs.rmSync(place, { recursive: true });
      });
    }
    outcome.notes.push(`a run of ${total} steps`);
    return outcome;
  },
};

/** Weights and optimizer of all checkpoints of a resumed run are those of the run itself. */
function requireSameCheckpoints(given: {
  place: string;
  directory: string;
  from: number;
  to: number;
}): void {
  const { place, directory, from, to } = given;
  for (let step = from; step <= to; step++) {
    const name = `checkpoint-${step}`;
    requireEqual(
      weightsIn(path.join(place, name)),
      weightsIn(path.join(directory, name)),
      `weights and optimizer of ${name}`,
    );
  }
}

/** Steps of a run whose batches were taken apart, as its events tell. */
const splitSteps = (directory: string): number[] =>
  readEvents(path.join(directory, "events.jsonl")).flatMap((row) =>
    row.type === "step" && row.split_batches ? [row.step] : [],
  );

export const splitBatches: Fault = {
  id: "O2",
  title: "resume at each step of a run whose batches were taken apart for want of memory",
  count: 0,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    // Memory is refused in the pass of some step behind the second one.
    const { directory, total, stoppedAt } = await straightRun((row) => {
      if (row.type === "step" && row.step === 2) refuseAllocations(100, 1);
    });
    refuseAllocations(1, 0);
    const reference = outcomeOf(directory);
    const split = splitSteps(directory);
    require(split.length > 2, "no batch was taken apart");
    const first = split[0]!;
    const steps = Array.from({ length: total - first + 1 }, (_, i) => first + i);
    const chosen = count === 0 ? steps : Array.from({ length: count }, () => pick(steps, random));
    for (const step of chosen) {
      await trial(`step ${step} of ${total}`, async () => {
        const place = stoppedAt(step);
        await trainHere(place, [...flags(), "--resume"]);
        requireSame(place, reference);
        requireEqual(splitSteps(place), split, "steps whose batches were taken apart");
        requireSameCheckpoints({ place, directory, from: step, to: total });
        fs.rmSync(place, { recursive: true });
      });
    }
    outcome.notes.push(`a run of ${total} steps, taken apart from step ${first} on`);
    return outcome;
  },
};

export const otherThreads: Fault = {
  id: "E2",
  title: "resume with another number of threads or workers",
  count: 10,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const { directory, total, stoppedAt } = await straightRun();
    const reference = outcomeOf(directory);
    const before = process.env.OMP_NUM_THREADS;
    for (let i = 0; i < count; i++) {
      const step = 1 + random(total - 1);
      const isThreads = i % 2 === 0;
      const what = isThreads ? "2 threads instead of 1" : `${1 + (i % 3)} workers`;
      await trial(`${what} from step ${step}`, async () => {
        const place = stoppedAt(step);
        const said: string[] = [];
        if (isThreads) process.env.OMP_NUM_THREADS = "2";
        try {
          const more = isThreads ? [] : [`--dataloader_num_workers=${1 + (i % 3)}`];
          await trainHere(place, [...flags(), ...more, "--resume"], {
            say: (line) => said.push(line),
          });
        } finally {
          process.env.OMP_NUM_THREADS = before;
        }
        if (said.some((line) => /not (be )?exact|threads/i.test(line))) return;
        requireSame(place, reference);
      });
    }
    require(outcome.n === count, "not all were tried");
    return outcome;
  },
};
