/**
 * What comes before and after training in every recipe: the configuration fitted to this machine, the
 * run directory taken, the checkpoint to go on from, and all of it given back at the end.
 */
import path from "node:path";
import { type Device, dispose, requestedThreads, setThreads, threads } from "../tensor/index.js";
import { finishResult, resolveResume, setAsideLater } from "./checkpoint/index.js";
import { type DeviceConfig, type LoadedConfig, resolveForDevice } from "./config/index.js";
import { settleAdapters } from "./continued.js";
import { probeDevice } from "./deviceFacts.js";
import type { EventRow, Tick, TrainSummary } from "./events/index.js";
import { guardHostMemory } from "./memory/index.js";
import {
  compareCheckpoint,
  type Differences,
  noDifferences,
  type RunRecord,
  settle,
} from "./resume/index.js";
import { openRunDirectory } from "./runDirectory.js";
import { readTrainerState } from "./trainerState.js";
import type { RolledBack } from "./watch/index.js";
import { openWorld, type World } from "./world.js";

/** What a caller may add to a run. */
export interface RunOptions {
  /** Get each event after it was stored. */
  readers?: readonly ((row: EventRow) => void)[];
  /** Gets the state between events, for displays. */
  onTick?: (tick: Tick) => void;
  /** Gets lines for the user: what was replaced, what was found. */
  say?: (line: string) => void;
  /** Awaited where the run goes back to its last checkpoint by itself, before it begins again. */
  betweenAttempts?: () => Promise<void>;
  /** Where the run goes back to its last checkpoint by itself: why. */
  rolledBack?: Pick<RolledBack, "rows" | "count">;
}

/** How a run ended. */
export interface RunResult {
  reason: "done" | "stopped";
  summary: TrainSummary;
}

/** A run that has begun; nothing of it is on record yet. */
export interface Run {
  readonly loaded: LoadedConfig;
  readonly config: DeviceConfig;
  /** What the configuration derived or replaced, a line each. */
  readonly notes: readonly string[];
  readonly options: RunOptions;
  readonly say: (line: string) => void;
  readonly world: World;
  readonly device: Device;
  /** `output_dir`. */
  readonly path: string;
  /** Where training goes on from, with what it holds. */
  readonly checkpoint:
    | ({
        path: string;
        step: number;
        /** What it was trained with; absent where an earlier version saved it. */
        record: RunRecord | undefined;
        /** What is set otherwise now. */
        changes: Differences;
      } & ReturnType<typeof readTrainerState>)
    | undefined;
  /** The step behind which events of earlier attempts do not count any more. */
  readonly resumeStep: number | undefined;
  /** Renames checkpoints of this run that lie after the one that it goes on from. */
  setAsideLater(): void;
  /** Has something closed at the end; the last one first. */
  defer(close: () => void | Promise<void>): void;
  close(): Promise<void>;
}

/**
 * Begins a run: takes its directory and verifies the checkpoint that it goes on from.
 *
 * @throws ConfigError, CheckpointError
 */
export async function startRun(given: LoadedConfig, options: RunOptions): Promise<Run> {
  const { say = () => {} } = options;
  const loaded = await settleAdapters(given);
  const world = openWorld(process.env);
  const { device, facts } = probeDevice(loaded.config.use_cpu, world.localRank);
  const { config, notes: replaced } = resolveForDevice(loaded.config, facts);
  const notes = [...loaded.notes, ...replaced];
  for (const note of notes) say(note);
  setThreads(requestedThreads(process.env) ?? threads());

  const directory = openRunDirectory(config);
  const guard = guardHostMemory(device === "cpu" ? config.max_memory : null);
  const closers: (() => void | Promise<void>)[] = [() => directory.release(), guard];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    for (const warning of directory.warnings) say(warning);
    finishResult(directory.path);
    const found = await resolveResume(directory.path, config.resume_from_checkpoint);
    for (const warning of found.warnings) say(warning);
    const checkpoint = found.checkpoint && openCheckpoint(found.checkpoint, loaded, world);
    closers.push(() => dispose(checkpoint?.optimizer));
    const own =
      checkpoint && path.resolve(path.dirname(checkpoint.path)) === path.resolve(directory.path);
    return {
      loaded,
      config,
      notes,
      options,
      say,
      world,
      device,
      checkpoint,
      close,
      path: directory.path,
      resumeStep: own ? checkpoint.step : directory.hasRun && !checkpoint ? 0 : undefined,
      setAsideLater() {
        if (!own) return;
        for (const line of setAsideLater(directory.path, checkpoint.step)) say(line);
      },
      defer: (one) => void closers.push(one),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws ConfigError where a setting is another one than the checkpoint can go on with */
function openCheckpoint(
  place: { path: string; step: number },
  loaded: LoadedConfig,
  world: World,
): NonNullable<Run["checkpoint"]> {
  const { found: changes, record } = compareCheckpoint(place.path, loaded, world.size);
  // What is only to be told waits until it is known that training goes on.
  settle({ ...noDifferences(), refusals: changes.refusals }, () => {});
  return { ...place, record, changes, ...readTrainerState(place.path) };
}
