/** The directory of a run: taken for one trainer at a time, and never mixed with another run. */
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import { brokenLink, statsOf } from "../util/missingPath.js";
import { listMatching } from "./checkpoint/index.js";
import type { TrainingConfig } from "./config/index.js";
import { eventsName, lockName, lockRun, type RunLock, whoseRun } from "./events/index.js";
import { readRunConfig } from "./runConfig/index.js";

/** A run directory that this process holds. */
export interface RunDirectory {
  readonly path: string;
  /** Whether an earlier attempt left events or checkpoints to go on from. */
  readonly hasRun: boolean;
  /** One line each, such as where an old run was moved. */
  readonly warnings: readonly string[];
  /** Gives the directory back. */
  release(): void;
}

/**
 * Makes or enters `output_dir` and locks it.
 *
 * @throws {ConfigError} where it holds something and the configuration says neither
 * resume_from_checkpoint nor overwrite_output_dir; where it cannot be written; where another trainer
 * holds it
 */
export function openRunDirectory(config: OutputChoice): RunDirectory {
  const path = config.output_dir;
  // First without touching it: a directory that is refused may be anybody's.
  const refusal = refuseOutput(config);
  if (refusal) throw refusal;
  makeDirectory(path);
  const lock = lockRun(path);
  try {
    return enter(config, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function enter(config: OutputChoice, lock: RunLock): RunDirectory {
  const path = config.output_dir;
  const warnings = lock.warning === undefined ? [] : [lock.warning];
  const { contents, isRun } = inspect(path);
  const refusal = refusalOf(config, contents, isRun);
  if (refusal) throw refusal;
  let hasRun = isRun;
  if (contents.length > 0 && config.overwrite_output_dir) {
    const aside = moveAside(path, contents);
    warnings.push(`The earlier run in ${path} was moved to ${aside}.`);
    hasRun = false;
  }
  return { path, hasRun, warnings, release: () => lock.release() };
}

type OutputChoice = Pick<
  TrainingConfig,
  "output_dir" | "overwrite_output_dir" | "resume_from_checkpoint"
>;

/**
 * Why {@link openRunDirectory} would refuse `output_dir`, without making or changing anything.
 *
 * @returns nothing where a run could begin, or the directory does not exist yet
 */
export function refuseOutput(config: OutputChoice): ConfigError | undefined {
  const path = config.output_dir;
  const stat = statsOf(path);
  if (!stat) return undefined;
  if (!stat.isDirectory()) return cannotMake(path, "A file has this name.");
  const { contents, isRun } = inspect(path);
  return whoseRun(path) ?? refusalOf(config, contents, isRun);
}

/** What a directory holds beside its lock and the runs that were moved aside. */
function inspect(path: string): { contents: string[]; isRun: boolean } {
  const contents = readdirSync(path).filter(
    (name) => !name.startsWith(lockName) && !asidePattern.test(name),
  );
  const isRun =
    existsSync(join(path, eventsName)) ||
    readRunConfig(path) !== undefined ||
    listMatching(path, /^checkpoint-(\d+)/).length > 0;
  return { contents, isRun };
}

function refusalOf(
  config: OutputChoice,
  contents: readonly string[],
  isRun: boolean,
): ConfigError | undefined {
  const path = config.output_dir;
  if (contents.length === 0) return undefined;
  if (config.overwrite_output_dir) {
    if (isRun) return undefined;
    return new ConfigError(`${path} does not look like a run`, {
      why: "overwrite_output_dir only moves runs aside, but this directory has neither events nor checkpoints.",
      todo: "Use another output_dir.",
    });
  }
  if (config.resume_from_checkpoint !== false) return undefined;
  return new ConfigError(`${path} is not empty`, {
    why: isRun
      ? "It already holds a run, and a new one would be mixed up with it."
      : `It contains other files (${contents.slice(0, 3).join(", ")}${contents.length > 3 ? ", …" : ""}).`,
    todo: isRun
      ? "Continue with --resume, start over with --overwrite_output_dir, or use another output_dir."
      : "Use another output_dir.",
  });
}

const asidePattern = /^previous-\d+$/;

function makeDirectory(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    const taken = statsOf(path)?.isFile() === true;
    const why = brokenLink(path) ?? (cause instanceof Error ? cause.message : String(cause));
    throw cannotMake(path, taken ? "A file has this name." : why, cause);
  }
}

function cannotMake(path: string, why: string, cause?: unknown): ConfigError {
  const todo = "Use another output_dir.";
  return new ConfigError(`Cannot create the output_dir ${path}`, { why, todo, cause });
}

/** Moves an old run into `previous-K` inside its directory. */
function moveAside(path: string, contents: readonly string[]): string {
  let count = 1;
  while (existsSync(join(path, `previous-${count}`))) count++;
  const aside = join(path, `previous-${count}`);
  mkdirSync(aside);
  for (const name of contents) renameSync(join(path, name), join(aside, name));
  return aside;
}
