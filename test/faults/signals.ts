/** B1, B2: signals in each phase of a run. */
import fs from "node:fs";
import path from "node:path";
import { type Fault, type FaultContext, pick, require, trials } from "./fault.js";
import {
  files,
  type Outcome,
  referenceOf,
  requireSame,
  scratch,
  type TrainProcess,
  trainProcess,
} from "./runs.js";

const flags = (): string[] => [
  "--lora_rank=2",
  "--lora_dropout=0.1",
  "--gradient_accumulation_steps=4",
  "--max_steps=6",
  "--save_steps=2",
  `--eval_file=${files.heldOut()}`,
  "--eval_strategy=steps",
  "--eval_steps=2",
  "--sample_prompts=hi",
  "--sample_max_new_tokens=40",
];

/** Whether a run is in a phase by now, from what it says and what it has opened and written. */
type Phase = (run: TrainProcess, directory: string) => boolean;

const says =
  (pattern: RegExp): Phase =>
  ({ text }) =>
    pattern.test(text());

/** Whether the process has a file open. */
const reads =
  (name: string): Phase =>
  ({ child }) => {
    const folder = `/proc/${child.pid}/fd`;
    try {
      return fs.readdirSync(folder).some((fd) => {
        try {
          return fs.readlinkSync(path.join(folder, fd)).endsWith(name);
        } catch {
          return false;
        }
      });
    } catch {
      return false;
    }
  };

export const phases: Readonly<Record<string, Phase>> = {
  "model load": reads("model.safetensors"),
  "reading rows": reads("rows.jsonl"),
  "first step": says(/^Training /m),
  "mid-accumulation": says(/^step 1\/6 /m),
  evaluation: says(/^step 2\/6 /m),
  generation: says(/eval/m),
  save: (_run, directory) =>
    fs.existsSync(directory) &&
    fs.readdirSync(directory).some((name) => /^checkpoint-\d+\.tmp$/.test(name)),
  "last step": says(/^step 6\/6 /m),
};

export const termInPhases: Fault = {
  id: "B1",
  title: "SIGTERM in each phase of a run",
  count: 200,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    const names = Object.keys(phases);
    const codes = new Map<string, number>();
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const name = count < names.length ? pick(names, random) : names[i % names.length]!;
      await trial(`in ${name}`, async () => {
        const { code, seconds } = await stopped(name, ["SIGTERM"], random, reference);
        codes.set(String(code), (codes.get(String(code)) ?? 0) + 1);
        times.push(seconds);
      });
    }
    times.sort((one, other) => one - other);
    const told = [...codes].map(([code, times]) => `${times} with ${code}`).join(", ");
    outcome.notes.push(
      `ended ${told}; from the signal to the end: median ${times[times.length >> 1]?.toFixed(2)} s, ` +
        `largest ${times.at(-1)?.toFixed(2)} s, ${times.filter((time) => time > 10).length} took more than 10 s`,
    );
    return outcome;
  },
};

/** Signals one after another, and milliseconds before each. */
const sequences: Readonly<Record<string, (NodeJS.Signals | number)[]>> = {
  "TERM, then KILL after 2 s": ["SIGTERM", 2000, "SIGKILL"],
  "TERM twice": ["SIGTERM", 30, "SIGTERM"],
  INT: ["SIGINT"],
  HUP: ["SIGHUP"],
  USR1: ["SIGUSR1"],
};

export const otherSignals: Fault = {
  id: "B2",
  title: "TERM and KILL, TERM twice, INT, HUP, USR1",
  count: 100,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const reference = await referenceOf(flags());
    const names = Object.keys(sequences);
    const ends = new Map<string, Set<string>>();
    for (let i = 0; i < count; i++) {
      const name = count < names.length ? pick(names, random) : names[i % names.length]!;
      const phase = pick(Object.keys(phases).slice(2), random);
      await trial(`${name} in ${phase}`, async () => {
        const { code, signal } = await stopped(phase, sequences[name]!, random, reference);
        ends.set(name, (ends.get(name) ?? new Set()).add(String(code ?? signal)));
      });
    }
    outcome.notes.push(
      [...ends].map(([name, codes]) => `${name}: ends with ${[...codes].join(" or ")}`).join("; "),
    );
    return outcome;
  },
};

/**
 * Sends signals to a run in a phase, and resumes it.
 *
 * @returns how the signalled process ended, seconds after the first signal
 */
async function stopped(
  phase: string,
  sequence: readonly (NodeJS.Signals | number)[],
  random: FaultContext["random"],
  reference: Outcome,
) {
  const directory = scratch("signalled");
  const run = trainProcess(directory, flags());
  const delay = random(40);
  let sent: number | undefined;
  const isThere = phases[phase]!;
  const timer = setInterval(() => {
    if (!isThere(run, directory)) return;
    clearInterval(timer);
    let wait = delay;
    for (const one of sequence) {
      if (typeof one === "number") wait += one;
      else
        setTimeout(() => {
          sent ??= performance.now();
          run.child.kill(one);
        }, wait);
    }
  }, 2);
  const { code, signal, text } = await run.ended;
  clearInterval(timer);
  const seconds = sent === undefined ? 0 : (performance.now() - sent) / 1000;
  const killed = sequence.includes("SIGKILL");
  const isUser = sequence.includes("SIGUSR1");
  const good = code === 130 || code === 0 || (killed && signal === "SIGKILL");
  require(good, `it ended with ${code ?? signal}: ${text}`);
  require(!isUser || code === 0, `SIGUSR1 ended it with ${code}`);
  if (code !== 0 || !fs.existsSync(path.join(directory, "result.json"))) {
    const resumed = await trainProcess(directory, [...flags(), "--resume"]).ended;
    require(resumed.code === 0, `--resume ended with ${resumed.code}: ${resumed.text}`);
    require(!/damaged|broken/.test(resumed.text), resumed.text);
  }
  requireSame(directory, reference);
  fs.rmSync(directory, { recursive: true });
  return { code, signal, seconds };
}
