/** A1: every crash state of saving, rotating, setting aside, quarantining and putting a result in place. */
import fs from "node:fs";
import path from "node:path";
import {
  checkpointName,
  type EventRow,
  finishResult,
  openEventWriter,
  readEvents,
  resolveResume,
  verifyResult,
} from "../../src/train/index.js";
import {
  type CrashState,
  crashStates,
  killStates,
  readTree,
  type Tree,
  treeKey,
  writeTree,
} from "./crashStates.js";
import { type Fault, require, requireEqual, trials } from "./fault.js";
import { type Operation, recordFiles } from "./recordFiles.js";
import { type Outcome, outcomeOf, requireSame, scratch, trainHere, weightsIn } from "./runs.js";

const flags = ["--lora_rank=1", "--save_steps=2", "--save_total_limit=2", "--max_steps=6"];

interface Scenario {
  name: string;
  before: Tree;
  /** Steps whose checkpoints a search may find before the first save. */
  kept: number[];
  more: string[];
}

/** Everything that a whole run does to its directory, from what it finds to its result. */
interface Recording {
  scenario: Scenario;
  root: string;
  operations: Operation[];
}

interface Reference {
  outcome: Outcome;
  /** Weights and optimizer state by step. */
  checkpoints: Map<number, Record<string, string>>;
}

export const saveCrashes: Fault = {
  id: "A1",
  title: "every crash state of a run's saves",
  count: 40,
  short: 1,
  async run({ count, random }) {
    const { outcome, trial } = trials();
    const { reference, scenarios } = await prepare();
    const place = scratch("crashed");
    const states: { state: CrashState; recording: Recording }[] = [];
    let operations = 0;
    const isShort = count < 10;
    for (const scenario of scenarios.slice(0, isShort ? 1 : scenarios.length)) {
      const recording = await record(scenario);
      operations += recording.operations.length;
      outcome.notes.push(`${scenario.name}: ${describe(recording.operations)}`);
      const all = isShort ? killStates : crashStates;
      for (const state of all(recording.root, scenario.before, recording.operations)) {
        states.push({ state, recording });
        await trial(nameOf(scenario, state), async () => {
          writeTree(place, state.tree);
          await requireRecovery(place, recording, state.done, reference);
        });
      }
    }
    // A second crash, while the first is recovered from; short of that, every so many states.
    let second = 0;
    const stride = isShort ? 97 : 23;
    for (const { state, recording } of states.filter((_, i) => i % stride === 3)) {
      second += await crashAgain(place, state, recording, reference, trial);
    }
    // And training on, to the end.
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      const { state, recording } = states[random(states.length)]!;
      await trial(`${nameOf(recording.scenario, state)}, trained on`, async () => {
        writeTree(place, state.tree);
        await trainHere(place, [...flags, "--resume"]);
        requireSame(place, reference.outcome);
      });
    }
    outcome.isComplete = !isShort;
    const seconds = (performance.now() - started) / 1000;
    outcome.notes.push(
      `${operations} operations, ${states.length} different states, ${second} states of a second crash, ` +
        `${count} trained on to the end (${seconds.toFixed(1)} s)`,
    );
    return outcome;
  },
};

const nameOf = ({ name }: Scenario, { done, loss }: CrashState) =>
  `${name}, after operation ${done}, lost: ${loss}`;

async function prepare(): Promise<{ reference: Reference; scenarios: Scenario[] }> {
  const straight = scratch("straight");
  const checkpoints = new Map<number, Record<string, string>>();
  const trees = new Map<number, Tree>();
  await trainHere(straight, flags, {
    read(row: EventRow) {
      if (row.type !== "checkpoint") return;
      checkpoints.set(row.step, weightsIn(row.path));
      trees.set(row.step, readTree(straight));
    },
  });
  const whole = readTree(straight);
  const broken = new Map(trees.get(6)!);
  const weights = `${checkpointName(6)}/adapter_model.safetensors`;
  const bytes = Buffer.from(broken.get(weights)!);
  bytes[bytes.length - 9]! ^= 4;
  broken.set(weights, bytes);
  return {
    reference: { outcome: outcomeOf(straight), checkpoints },
    scenarios: [
      { name: "a new run", before: new Map(), kept: [], more: [] },
      {
        name: "from an earlier checkpoint, with a later one and a result",
        before: whole,
        kept: [4, 6],
        more: ["--resume", checkpointName(4)],
      },
      { name: "from behind a damaged one", before: broken, kept: [4], more: ["--resume"] },
    ],
  };
}

async function record(scenario: Scenario): Promise<Recording> {
  const root = scratch("recorded");
  writeTree(root, scenario.before);
  const more = scenario.more.map((word) => (word.startsWith("-") ? word : path.join(root, word)));
  const { operations, error } = await recordFiles(root, async (mark) => {
    await trainHere(root, [...flags, ...more], {
      read: (row) => {
        if (row.type === "checkpoint") mark(row.step);
        if (row.type === "end") mark(Number.POSITIVE_INFINITY);
      },
    });
  });
  if (error) throw error;
  return { scenario, root, operations };
}

/** Looks at a crashed run as `--resume` does, and throws unless that leaves a good one. */
async function requireRecovery(
  place: string,
  { scenario, operations }: Recording,
  done: number,
  { outcome, checkpoints }: Reference,
): Promise<number> {
  const marks = operations
    .slice(0, done)
    .flatMap((operation) => (operation.kind === "mark" ? [operation.saved] : []));
  const isEnded = marks.includes(Number.POSITIVE_INFINITY);
  const saved = marks.filter(Number.isFinite).at(-1);
  const next =
    saved === undefined ? Math.max(0, ...scenario.kept.map((step) => step)) + 2 : saved + 2;
  const good = new Set([...(saved === undefined ? [...scenario.kept, 2, 6] : [saved]), next]);
  finishResult(place);
  const { checkpoint } = await resolveResume(place, true);
  const step = checkpoint?.step ?? 0;
  if (saved === undefined && scenario.kept.length === 0) good.add(0);
  require(good.has(step), `step ${step} was found, good were ${[...good].join(", ")}`);
  if (checkpoint) {
    requireEqual(weightsIn(checkpoint.path), checkpoints.get(step), `weights of step ${step}`);
    const writer = openEventWriter(place, { resumeStep: step });
    writer.close();
    const steps = readEvents(path.join(place, "events.jsonl")).filter(
      ({ type }) => type === "step",
    );
    requireEqual(
      steps.map((row) => row.step),
      Array.from({ length: step }, (_, i) => i + 1),
      "steps on record",
    );
  }
  const result = await verifyResult(place);
  requireEqual(result?.problems ?? [], [], "the result");
  if (result) requireEqual(weightsIn(place), outcome.weights, "the result");
  require(!isEnded || result !== undefined, "the result of a run that has ended is gone");
  const rests = fs.readdirSync(place).filter((name) => /\.(tmp|deleting|staged)\b/.test(name));
  requireEqual(
    rests.filter((name) => !name.startsWith("events")),
    [],
    "rests",
  );
  return step;
}

/** Crashes once more in every place of the recovery. @returns how many states that were */
async function crashAgain(
  place: string,
  state: CrashState,
  recording: Recording,
  reference: Reference,
  trial: ReturnType<typeof trials>["trial"],
): Promise<number> {
  writeTree(place, state.tree);
  const { operations } = await recordFiles(place, async () => {
    finishResult(place);
    const { checkpoint } = await resolveResume(place, true);
    if (checkpoint) openEventWriter(place, { resumeStep: checkpoint.step }).close();
  });
  const again = scratch("again");
  const seen = new Set<string>();
  let count = 0;
  for (const states of [killStates, crashStates]) {
    for (const second of states(place, state.tree, operations)) {
      const key = treeKey(second.tree);
      if (seen.has(key)) continue;
      seen.add(key);
      count += 1;
      const name = `${nameOf(recording.scenario, state)}, then ${second.done}, lost: ${second.loss}`;
      await trial(name, async () => {
        writeTree(again, second.tree);
        await requireRecovery(again, recording, state.done, reference);
      });
    }
  }
  fs.rmSync(again, { recursive: true, force: true });
  return count;
}

/** How many operations of each kind. */
function describe(operations: readonly Operation[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of operations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  counts.delete("mark");
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}
