/** Opens the trackers of a run and keeps their troubles away from it. */
import { join } from "node:path";
import {
  type EventRow,
  eventsName,
  readRunConfig,
  type StartEvent,
  type TrainingConfig,
} from "../train/index.js";
import { TunewrightError, withWhy } from "../util/errors.js";
import { trackerKinds } from "./registry.js";
import { type Tracker, type TrackerKind, titleOf } from "./tracker.js";
import { remarksOnVariables } from "./variables.js";

/** The trackers of a run, as readers of its events. */
export interface Trackers {
  readonly readers: readonly ((row: EventRow) => void)[];
  /** Closes all; each within a time of its own. A further `start` row opens them again. Never throws. */
  close(): Promise<void>;
}

export interface TrackersOptions {
  /** Gets lines for the user. */
  readonly say: (line: string) => void;
  /** Environment variables; those of the process where absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** The known trackers; all of ours where absent. */
  readonly kinds?: Readonly<Record<string, TrackerKind>>;
}

/**
 * The trackers that `report_to` names. Each begins at a `start` row, for one attempt. One that throws is told
 * once and gets no more rows: training goes on, and `events.jsonl` has every value.
 */
export function openTrackers(config: TrainingConfig, options: TrackersOptions): Trackers {
  const { say, env = process.env, kinds = trackerKinds } = options;
  const { chosen, leftOut } = chooseTrackers(config, env, kinds);
  if (leftOut.length > 0) say(`report_to all: ${describeChoice(chosen, leftOut)}.`);
  const guards = chosen.map(({ name, kind }) =>
    guard(name, say, (start) => {
      for (const remark of remarksOnVariables(name, env)) say(`${titleOf(name)}: ${remark}`);
      const stored = readRunConfig(config.output_dir);
      return kind.open({
        runDirectory: config.output_dir,
        events: join(config.output_dir, eventsName),
        config: stored?.config ?? { ...config },
        facts: stored?.facts ?? {},
        start,
        env,
        say,
      });
    }),
  );
  return {
    readers: guards.map(({ handle }) => handle),
    close: async () => {
      await Promise.all(guards.map(({ close }) => close()));
    },
  };
}

/** Each tracker that `report_to` names: where it would write, and what it would not follow. Touches nothing. */
export function describeTrackers(
  config: TrainingConfig,
  env: NodeJS.ProcessEnv = process.env,
  kinds: Readonly<Record<string, TrackerKind>> = trackerKinds,
): { name: string; place: string; remarks: string[] }[] {
  return chooseTrackers(config, env, kinds).chosen.map(({ name, kind }) => ({
    name,
    place: kind.describe(config, env),
    remarks: remarksOnVariables(name, env),
  }));
}

interface Choice {
  chosen: { name: string; kind: TrackerKind }[];
  leftOut: { name: string; why: string }[];
}

function chooseTrackers(
  config: TrainingConfig,
  env: NodeJS.ProcessEnv,
  kinds: Readonly<Record<string, TrackerKind>>,
): Choice {
  const choice: Choice = { chosen: [], leftOut: [] };
  const all = config.report_to.some((name) => name === "all");
  const names: readonly string[] = all ? Object.keys(kinds) : config.report_to;
  for (const name of names) {
    const kind = kinds[name];
    if (!kind) continue;
    const why = all ? kind.missing?.(config, env) : undefined;
    if (why === undefined) choice.chosen.push({ name, kind });
    else choice.leftOut.push({ name, why });
  }
  return choice;
}

function describeChoice(chosen: Choice["chosen"], leftOut: Choice["leftOut"]): string {
  const without = leftOut.map(({ name, why }) => `${name} is left out, because ${why}`);
  return [chosen.map(({ name }) => name).join(", "), ...without].join("; ");
}

/** A tracker that begins at the `start` row, and is let go where it throws. */
function guard(
  name: string,
  say: (line: string) => void,
  open: (start: EventRow<StartEvent>) => Tracker,
): Tracker {
  let tracker: Tracker | undefined;
  let failed = false;
  const fail = (error: unknown) => {
    if (!failed)
      say(`${titleOf(name)} gets nothing more: ${inOneLine(error)}; events.jsonl has every value.`);
    failed = true;
  };
  return {
    handle(row) {
      if (failed) return;
      try {
        if (!tracker && row.type === "start") tracker = open(row);
        tracker?.handle(row);
      } catch (error) {
        fail(error);
      }
    },
    async close() {
      const ended = tracker;
      tracker = undefined;
      try {
        await ended?.close();
      } catch (error) {
        fail(error);
      }
    },
  };
}

function inOneLine(error: unknown): string {
  if (error instanceof TunewrightError) return withWhy(error.message, error.why);
  return error instanceof Error ? error.message : String(error);
}
