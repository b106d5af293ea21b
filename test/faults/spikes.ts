/** F2, F3: rows that make the loss jump, and the same step computed again. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type Fault, type FaultContext, require, requireEqual, trials } from "./fault.js";
import {
  checkpointsIn,
  eventsIn,
  linesOfSteps,
  main,
  scratch,
  trainHere,
  trainProcess,
} from "./runs.js";

const ROWS = 80;
/** Before this step the loss still falls fast. */
const FIRST = 18;
const SAVE_STEPS = 5;
/** Of 20 clean runs, as many may have a spike. */
const ALLOWED = 1;
const CLEAN_RUNS = 20;
const PLANTED_A_RUN = 3;

type Random = FaultContext["random"];

export const spikes: Fault = {
  id: "F2",
  title: "rows that make the loss jump, and runs without any",
  count: 30,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    let killed = 0;
    while (outcome.n < count) {
      const planted = Math.min(PLANTED_A_RUN, count - outcome.n);
      await trial(`a run with ${planted} bad rows`, async () => {
        const run = await spikedRun(random, planted);
        requireNamed(run, "straight");
        requireShown(run);
        if (killed++ % 3 === 0) await requireSameAfterKill(run);
      });
      outcome.n += planted - 1;
    }
    const clean = Math.round((count * CLEAN_RUNS) / 30);
    let alarms = 0;
    for (let i = 0; i < clean; i++) {
      const { directory } = await spikedRun(random, 0);
      const [alarm] = eventsIn(directory, "spike");
      if (!alarm) continue;
      alarms += 1;
      const { step, metric, value, expected } = alarm;
      outcome.notes.push(`false alarm at step ${step}: ${metric} ${value} instead of ${expected}`);
    }
    if (alarms > ALLOWED) outcome.failures.push(`${alarms} of ${clean} clean runs had a spike`);
    outcome.notes.push(
      `${killed} runs, of which each third was killed behind a spike and resumed; ` +
        `false alarms in ${alarms} of ${clean} clean runs`,
    );
    return outcome;
  },
};

export const replayedSteps: Fault = {
  id: "F3",
  title: "the step of a spike computed again from the checkpoint before it",
  count: 30,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    while (outcome.n < count) {
      const run = await spikedRun(random, Math.min(PLANTED_A_RUN, count - outcome.n));
      for (const { step } of run.planted) {
        await trial(`step ${step}`, async () => {
          const again = await resumedBefore(run, step, [`--max_steps=${step}`]);
          const ofStep = (directory: string) => ({
            spikes: eventsIn(directory, "spike")
              .filter((row) => row.step === step)
              .map(({ metric, value, expected, rows }) => ({ metric, value, expected, rows })),
            losses: eventsIn(directory, "step").flatMap((row) =>
              row.step === step ? [[row.loss, row.grad_norm]] : [],
            ),
          });
          const { spikes: first, losses } = ofStep(run.directory);
          require(first.length > 0 && losses.length === 1, "no spike");
          requireEqual(ofStep(again), { spikes: first, losses }, "the step computed again");
        });
      }
    }
    return outcome;
  },
};

/** A finished run, and its bad rows by step. */
interface SpikedRun {
  directory: string;
  file: string;
  flags: string[];
  planted: { step: number; line: number; text: string }[];
}

const goodAnswer = (i: number) => `the answer is ${i % 3} `.repeat(2);

/** Trains on rows that are much alike, and on some that are nothing like them. */
async function spikedRun(random: Random, count: number): Promise<SpikedRun> {
  const directory = scratch("spikes");
  const file = `${directory}.jsonl`;
  const write = (answerOf: (index: number) => string) => {
    const rows = Array.from({ length: ROWS }, (_, i) => {
      const messages = [
        { role: "user", content: `what is ${i % 7}` },
        { role: "assistant", content: answerOf(i) },
      ];
      return `${JSON.stringify({ messages })}\n`;
    });
    fs.writeFileSync(file, rows.join(""));
  };
  write(goodAnswer);
  const flags = [
    `--train_file=${file}`,
    "--train_mode=full",
    "--learning_rate=0.003",
    `--save_steps=${SAVE_STEPS}`,
    "--num_train_epochs=1",
    `--seed=${random(1000)}`,
    `--data_seed=${random(1000)}`,
  ];
  const steps = await linesOfSteps(directory, flags, file);
  const planted: SpikedRun["planted"] = [];
  while (planted.length < count) {
    const step = FIRST + random(steps.length - FIRST) + 1;
    if (planted.some((other) => Math.abs(other.step - step) < 4)) continue;
    const letters = Array.from({ length: 40 }, () => String.fromCharCode(0x4e00 + random(30)));
    planted.push({ step, line: steps[step - 1]![0]!, text: letters.join("") });
  }
  write((i) => planted.find(({ line }) => line === i + 1)?.text ?? goodAnswer(i));
  await trainHere(directory, flags);
  return { directory, file, flags, planted };
}

/** Throws unless each bad row is named first in its step or the next one, and no other step is told. */
function requireNamed({ directory, file, planted }: SpikedRun, about: string): void {
  const found = eventsIn(directory, "spike").filter(({ metric }) => metric === "loss");
  for (const { step, line } of planted) {
    const spike = found.find((row) => row.step === step);
    require(spike !== undefined, `${about}: no spike at step ${step}`);
    requireEqual([spike.rows[0]!.file, spike.rows[0]!.line], [file, line], "first row");
    require(spike.rows[0]!.loss > 3 * spike.expected, `loss of the row: ${spike.rows[0]!.loss}`);
  }
  const others = eventsIn(directory, "spike").filter(
    (row) => !planted.some(({ step }) => row.step === step || row.step === step + 1),
  );
  requireEqual(
    others.map(({ step }) => step),
    [],
    `${about}: false alarms`,
  );
}

/** Throws unless the command of each warning shows the bad row. */
function requireShown({ directory, planted, file }: SpikedRun): void {
  const warnings = eventsIn(directory, "warning").filter(({ message }) => /^Spike/.test(message));
  const [{ step, line, text }] = planted as [SpikedRun["planted"][number]];
  const warning = warnings.find((row) => row.step === step)?.message ?? "";
  const command = /To look at the first: \.\/tunewright (.+)$/.exec(warning)?.[1];
  require(command !== undefined, `no command in: ${warning}`);
  const shown = execFileSync("sh", ["-c", `"${process.execPath}" "${main}" ${command} --json`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [row] = JSON.parse(shown).rows;
  requireEqual(row.source, { file, line }, "row shown");
  require(row.tokens.join("").includes(text.slice(0, 20)), `another text: ${shown}`);
}

/** A copy of a run as it was at its last checkpoint before a step, trained on. */
async function resumedBefore(run: SpikedRun, step: number, more: string[]): Promise<string> {
  const copy = scratch("again");
  fs.cpSync(run.directory, copy, { recursive: true });
  for (const saved of checkpointsIn(copy).filter((one) => one >= step)) {
    fs.rmSync(path.join(copy, `checkpoint-${saved}`), { recursive: true });
  }
  await trainHere(copy, [...run.flags, ...more, "--resume"]);
  return copy;
}

/** Throws unless a run that is killed behind its first spike, and resumed, tells the same spikes once. */
async function requireSameAfterKill(run: SpikedRun): Promise<void> {
  const directory = scratch("killed");
  const first = Math.min(...run.planted.map(({ step }) => step));
  const child = trainProcess(directory, run.flags);
  child.onText((text) => {
    if (text.includes(`step ${first + 1}/`)) child.child.kill("SIGKILL");
  });
  const { signal } = await child.ended;
  require(signal === "SIGKILL", "it was not killed");
  await trainHere(directory, [...run.flags, "--resume"]);
  requireNamed({ ...run, directory }, "resumed");
  const told = (place: string) =>
    eventsIn(place, "spike").map(({ step, metric, value, expected, rows }) => {
      return [step, metric, value, expected, rows.map(({ line, loss }) => [line, loss])];
    });
  requireEqual(told(directory), told(run.directory), "spikes of the resumed run");
}
