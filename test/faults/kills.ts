/** A3, A4: kill -9 at any moment, then --resume, until the run is done. */
import fs from "node:fs";
import path from "node:path";
import { readEvents } from "../../src/train/index.js";
import { type Fault, type FaultContext, require, trials } from "./fault.js";
import {
  type Outcome,
  referenceOf,
  requireSame,
  saveSteps,
  scratch,
  type TrainProcess,
  trainProcess,
  variants,
} from "./runs.js";

/** Kills in one run of A3. */
const killsPerRun = 5;

export const randomKills: Fault = {
  id: "A3",
  title: "kill -9 at a random moment, half of them while saving",
  count: 300,
  short: 2,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const names = Object.keys(variants);
    const figures = newFigures();
    for (let run = 0; outcome.n < count; run++) {
      const name = names[run % names.length]!;
      const kills = Math.min(killsPerRun, count - outcome.n);
      await trial(`run ${run}, ${name}`, () =>
        killedRun(variants[name]!(), kills, random, figures),
      );
      // Each kill is a trial; one that went wrong fails the run, which counts once.
      outcome.n += kills - 1;
    }
    outcome.notes.push(...describe(figures));
    return outcome;
  },
};

export const manyKills: Fault = {
  id: "A4",
  title: "kill -9 again and again in one run",
  count: 100,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const figures = newFigures();
    const flags = [...variants.lora!(), `--max_steps=${2 * count}`, "--save_steps=1"];
    await trial("the run", () => killedRun(flags, count, random, figures, 3));
    outcome.n = count;
    outcome.notes.push(...describe(figures));
    return outcome;
  },
};

interface Figures {
  duringSave: number;
  beforeStart: number;
  redone: number;
  /** Milliseconds from the start of `--resume` to its first new step. */
  recovery: number[];
}

const newFigures = (): Figures => ({ duringSave: 0, beforeStart: 0, redone: 0, recovery: [] });

function describe({ duringSave, beforeStart, redone, recovery }: Figures): string[] {
  const sorted = [...recovery].sort((one, other) => one - other);
  const seconds = (share: number) =>
    ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1);
  return [
    `${duringSave} of the kills came while a save was being written, ${beforeStart} before the first step of an attempt; ${redone} steps were done twice`,
    `from the start of --resume to its first step: median ${seconds(0.5)} s, largest ${seconds(1)} s of ${sorted.length}`,
  ];
}

/** A run that is killed some times and then ends; throws unless it ends as an uninterrupted one. */
async function killedRun(
  flags: string[],
  kills: number,
  random: FaultContext["random"],
  figures: Figures,
  steps = 8,
): Promise<void> {
  const reference = await referenceOf(flags);
  const directory = scratch("killed");
  let killed = 0;
  let bound = 0;
  while (killed < kills) {
    require(++bound < kills * 4, `${killed} of ${kills} kills came before the run had ended`);
    // A run that is near its end is not killed in the same place again.
    const target = random(2) === 0 ? "save" : random(steps);
    const run = trainProcess(directory, [...flags, "--resume"]);
    if (bound > 1) measureRecovery(run, figures);
    const ended = await killAt(run, directory, target, random);
    if (ended.signal === "SIGKILL") {
      killed += 1;
      if (ended.duringSave) figures.duringSave += 1;
      if (!/step \d+\/\d+ {2}/.test(ended.text)) figures.beforeStart += 1;
      continue;
    }
    require(ended.code === 0, `an attempt ended with ${ended.code}: ${ended.text}`);
    fs.rmSync(directory, { recursive: true, force: true });
  }
  const last = trainProcess(directory, [...flags, "--resume"]);
  measureRecovery(last, figures);
  const { code, text } = await last.ended;
  require(code === 0, `the last attempt ended with ${code}: ${text}`);
  requireSame(directory, reference);
  figures.redone += requireFewRedone(directory, flags, reference);
  fs.rmSync(directory, { recursive: true, force: true });
}

function measureRecovery(run: TrainProcess, { recovery }: Figures): void {
  const started = performance.now();
  let isSeen = false;
  run.onText((text) => {
    if (isSeen || !/step \d+\/\d+ {2}/.test(text) || !text.includes("Resuming from")) return;
    isSeen = true;
    recovery.push(performance.now() - started);
  });
}

/** Kills a process while it saves, or some milliseconds after its n-th line of a step. */
async function killAt(
  { child, onText, ended }: TrainProcess,
  directory: string,
  target: "save" | number,
  random: FaultContext["random"],
): Promise<Awaited<TrainProcess["ended"]> & { duringSave: boolean }> {
  let duringSave = false;
  const isSaving = () =>
    fs.existsSync(directory) &&
    fs
      .readdirSync(directory)
      .some((name) => /^(checkpoint-\d+|result)\.(tmp|staged|deleting)$/.test(name));
  const kill = () => {
    duringSave = isSaving();
    child.kill("SIGKILL");
  };
  const delay = random(target === "save" ? 12 : 80);
  const nth = target === "save" ? random(3) : 0;
  let seen = 0;
  let wasSaving = false;
  const timer =
    target === "save"
      ? setInterval(() => {
          const saving = isSaving();
          if (saving && !wasSaving && seen++ === nth) setTimeout(kill, delay);
          wasSaving = saving;
        }, 1)
      : undefined;
  if (typeof target === "number") {
    let isSent = false;
    const look = (text: string) => {
      if (isSent || (text.match(/^step \d+\/\d+ {2}/gm)?.length ?? 0) < target) return;
      isSent = true;
      setTimeout(kill, delay);
    };
    if (target === 0) setTimeout(() => look(""), random(1500));
    else onText(look);
  }
  const end = await ended;
  clearInterval(timer);
  return { ...end, duringSave };
}

/** @returns steps that were done more than once; throws where an attempt lost more than an interval */
function requireFewRedone(directory: string, flags: string[], { steps }: Outcome): number {
  const given = flags.find((flag) => flag.startsWith("--save_steps="));
  const interval = given === undefined ? saveSteps : Number(given.split("=")[1]);
  let redone = 0;
  for (const name of fs.readdirSync(directory)) {
    if (!name.startsWith("events.cut-")) continue;
    const cut = readEvents(path.join(directory, name)).filter(({ type }) => type === "step");
    require(cut.length <= interval, `${name}: ${cut.length} steps were lost, ${interval} may be`);
    redone += cut.length;
  }
  require(steps.length > 0, "no steps");
  return redone;
}
