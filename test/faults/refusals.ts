/** O1: memory is refused at an allocation of a run, in whatever phase it is. */
import fs from "node:fs";
import path from "node:path";
import { liveTensors, refuseAllocations } from "../../src/tensor/index.js";
import { readEvents } from "../../src/train/index.js";
import { OutOfMemoryError } from "../../src/util/errors.js";
import { type Fault, pick, require, requireEqual, trials } from "./fault.js";
import { files, outcomeOf, requireSame, scratch, trainHere, work } from "./runs.js";

/** Accumulation, dropout, evaluation, samples, a dialogue, saves and the state of 8-bit Adam. */
function flags(): string[] {
  const dialogue = path.join(work, "dialogue.txt");
  fs.writeFileSync(dialogue, "hi\nok\n");
  return [
    "--lora_rank=16",
    "--lora_dropout=0.1",
    "--optim=adamw_8bit",
    "--gradient_accumulation_steps=2",
    "--max_steps=4",
    `--eval_file=${files.heldOut()}`,
    "--eval_strategy=steps",
    "--eval_steps=2",
    "--save_steps=3",
    "--sample_prompts=hi",
    `--sample_dialogue=${dialogue}`,
    "--sample_max_new_tokens=3",
    "--dry_run=yes",
  ];
}

/** As many refusals follow each other: one, so many that trying again fails, so many that nothing succeeds. */
const TOGETHER = [1, 1, 5, 1000];

/** Sums are taken in another order where a batch was taken apart. */
const TOLERANCE = 1e-3;

/** The figures of a run that went on are those of one that nothing happened to, but for rounding. */
function requireClose(directory: string, reference: ReturnType<typeof outcomeOf>): void {
  const outcome = outcomeOf(directory);
  const figures = ({ steps, evaluations }: typeof outcome) => [
    ...steps.flatMap((step) => [step.step, step.loss, step.tokens]),
    ...evaluations.map((one) => one.loss),
  ];
  const [got, expected] = [figures(outcome), figures(reference)];
  requireEqual(got.length, expected.length, "steps and evaluations on record");
  const differences = got.map((value, i) => Math.abs(value - expected[i]!));
  require(Math.max(...differences) < TOLERANCE, `losses differ by ${Math.max(...differences)}`);
}

/** What an error of a run must be, and what the run must have kept. @returns steps that were lost */
function requireOrderlyEnd(error: unknown, directory: string): number {
  require(error instanceof OutOfMemoryError, `another error than of memory: ${String(error)}`);
  require(/^out of memory (at step|while)/.test(error.message), `not told so: ${error.message}`);
  require(Boolean(error.why && error.todo), `without a way out: ${error.message}`);
  const rows = readEvents(path.join(directory, "events.jsonl"));
  const done = Math.max(0, ...rows.map(({ step }) => step));
  const saved = fs.existsSync(directory)
    ? fs.readdirSync(directory).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
    : [];
  return done - Math.max(0, ...saved.map(Number));
}

export const refusals: Fault = {
  id: "O1",
  title: "memory is refused at an allocation: preparation, step, evaluation, sample, save",
  count: 300,
  short: 8,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const straight = scratch("straight");
    refuseAllocations(1, 0);
    await trainHere(straight, flags());
    const total = refuseAllocations(1, 0);
    const reference = outcomeOf(straight);
    const ends = { exact: 0, close: 0, stopped: 0, lost: 0 };
    for (let i = 0; i < count; i++) {
      const number = Math.floor((total / count) * i) + 1 + random(Math.floor(total / count));
      const together = pick(TOGETHER, random);
      await trial(`${together} from allocation ${number} of ${total}`, async () => {
        const directory = scratch("refused");
        const alive = liveTensors();
        refuseAllocations(number, together);
        let error: unknown;
        try {
          await trainHere(directory, flags());
        } catch (thrown) {
          error = thrown;
        } finally {
          refuseAllocations(1, 0);
        }
        if (error === undefined) {
          requireEqual(liveTensors(), alive, "tensors left alive");
        } else {
          const lost = requireOrderlyEnd(error, directory);
          // A save takes memory too.
          if (together === 1) requireEqual(lost, 0, "steps that no checkpoint has");
          if (lost > 0) ends.lost++;
          const isBegun = fs.existsSync(directory) && fs.readdirSync(directory).length > 0;
          await trainHere(directory, [...flags(), ...(isBegun ? ["--resume"] : [])]);
          ends.stopped++;
        }
        try {
          requireSame(directory, reference);
          ends.exact++;
        } catch {
          requireClose(directory, reference);
          ends.close++;
        }
        fs.rmSync(directory, { recursive: true });
      });
    }
    outcome.notes.push(
      `a run of ${total} allocations: ${ends.stopped} stopped and were resumed, ` +
        `${ends.lost} from further back as no save found memory either; ` +
        `${ends.exact} ended bit-equal, ${ends.close} but for rounding`,
    );
    return outcome;
  },
};
