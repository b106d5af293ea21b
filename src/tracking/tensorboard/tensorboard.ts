/**
 * TensorBoard: curves and texts of a run as event files. All attempts write into one folder, a file
 * each; a later attempt begins with the step at which earlier values are void, so that steps done
 * again appear once.
 */
import { join } from "node:path";
import { cutEvents, type EventRow, readEvents } from "../../train/index.js";
import { ConfigError } from "../../util/errors.js";
import { describeHolder, lockHolder, tryLock } from "../../util/fileLock.js";
import { homeFolder } from "../../util/homeFolder.js";
import { makeFolders } from "../../util/makeFolders.js";
import { metricsOf } from "../runs/index.js";
import { textReader } from "../texts.js";
import type { Tracker, TrackerContext, TrackerKind } from "../tracker.js";
import { createEventFile, lastSeconds } from "./eventFile.js";
import { scalarsEvent, sessionStartEvent, textEvent } from "./eventMessages.js";
import { answerText, asCode } from "./markdown.js";

export const tensorboard: TrackerKind = {
  describe: (config, env) => logDirectory(config.output_dir, config.logging_dir, env),
  open: openTensorBoard,
};

/** `logging_dir`; else where transformers 5 looks, `TENSORBOARD_LOGGING_DIR`; else `runs` in `output_dir`. */
function logDirectory(
  runDirectory: string,
  loggingDir: string | null,
  env: NodeJS.ProcessEnv,
): string {
  const variable = env.TENSORBOARD_LOGGING_DIR?.replace(/^~(?=\/|$)/, homeFolder());
  return loggingDir ?? (variable || join(runDirectory, "runs"));
}

function openTensorBoard({
  runDirectory,
  events,
  config,
  start,
  env,
  say,
}: TrackerContext): Tracker {
  const directory = logDirectory(runDirectory, config.logging_dir as string | null, env);
  const { attempt, step } = start;
  const release = lockDirectory(directory);
  if (attempt === 1 && lastSeconds(directory) > 0) {
    say(`tensorboard: ${directory} has event files of another run; the page draws both as one.`);
  }
  const file = createEventFile(directory, start.time);
  // What was cut of the checkpoint's own step is told again with the rest of that step.
  const isPartVoid = readEvents(cutEvents(runDirectory, attempt)).some((row) => row.step === step);
  /** The first step that this attempt writes of; 0 has what comes before the first. */
  const first = step === 0 || isPartVoid ? step : step + 1;
  if (attempt > 1) file.write(sessionStartEvent(start.time, first));
  file.write(textEvent(start.time, first, "args", asCode(JSON.stringify(config, null, 2))));
  const textOf = textReader();
  const handle = (row: EventRow) => {
    const metrics = metricsOf(row);
    if (metrics) file.write(scalarsEvent(row.time, row.step, metrics));
    const text = textOf(row);
    if (text) file.write(textEvent(row.time, row.step, text.name, answerText(text)));
  };
  if (isPartVoid) {
    const isKept = (row: EventRow) => row.step === step && row.attempt < attempt;
    for (const row of readEvents(events).filter(isKept)) handle(row);
  }
  return {
    handle,
    close() {
      file.close();
      release();
    },
  };
}

/**
 * Keeps two runs that go on at the same time out of one folder.
 *
 * @throws ConfigError where another process writes there
 */
function lockDirectory(directory: string): () => void {
  makeFolders(directory);
  const path = join(directory, ".tunewright.lock");
  const lock = tryLock(path);
  if (lock) return () => lock.release();
  throw new ConfigError(`another run writes into ${directory}`, {
    why: describeHolder(lockHolder(path)),
  });
}
