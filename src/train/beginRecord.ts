/** Everything is known to start: from here on the run is on record. */
import type { StreamingData, TrainingData } from "../data/index.js";
import { type CausalLanguageModel, countElements } from "../models/index.js";
import { memoryKills } from "../util/memoryKills.js";
import type { DeviceConfig } from "./config/index.js";
import type { StartEvent } from "./events/index.js";
import { totalFlos } from "./flops.js";
import { lastAttempt } from "./lastAttempt.js";
import { initialLossScale } from "./lossScale.js";
import { type PassPlan, rememberPlan, roomOf } from "./memory/index.js";
import { notOnRecord } from "./onRecord.js";
import { peakRate } from "./peakRate.js";
import type { ProductPrecision } from "./precision.js";
import { openRecorder, type Recorder } from "./recorder.js";
import type { Run } from "./run.js";
import { type RunConfig, writeRunConfig } from "./runConfig/index.js";
import type { NamedSource } from "./stepRows.js";
import { initialTrainerState } from "./trainerState.js";
import type { LeftOutRow } from "./watch/index.js";
import type { StepPlan } from "./window.js";

/** What a run begins with. */
export interface BegunParts {
  model: CausalLanguageModel;
  data: TrainingData | StreamingData;
  plan: StepPlan;
  precision: ProductPrecision;
  pass: PassPlan;
}

/**
 * Puts the beginning of a run on record: later checkpoints and events that it leaves behind are set
 * aside, the configuration is stored, and the first events are written.
 */
export function beginRecord(run: Run, parts: BegunParts): Recorder {
  const { model, data, plan, precision, pass } = parts;
  const { config, device, checkpoint, options, say } = run;
  const state =
    checkpoint?.state ??
    initialTrainerState({
      lossScale: initialLossScale(config.lossScaling),
      productDtype: precision.dtype,
    });
  state.productDtype = precision.dtype;
  rememberPlan(state, pass);
  if ("cursor" in data) state.data = data.cursor;
  if (options.rolledBack) {
    const { rows, count } = options.rolledBack;
    // A checkpoint that was saved since the first of them has been left out lists it already.
    const key = ({ file, line, step }: LeftOutRow) => `${file}:${line}:${step}`;
    const known = new Set(state.leftOut?.map(key));
    state.leftOut = [...(state.leftOut ?? []), ...rows.filter((row) => !known.has(key(row)))];
    state.rollbacks = count;
  }
  run.setAsideLater();
  const before = options.rolledBack ? undefined : lastAttempt(run.path);
  const recorder = openRecorder(run.path, {
    state,
    plan,
    device,
    peak: () => peakRate(device, precision.dtype),
    flosPerToken: totalFlos(model, 1),
    lossScaling: config.lossScaling,
    sources: sourcesOf(data, config.train_file),
    ...(run.resumeStep === undefined ? {} : { resumeStep: run.resumeStep }),
    missing: notOnRecord(state),
    readers: options.readers ?? [],
    onTick: options.onTick,
    onError: (error) =>
      say(`The record of the run cannot be written for now, its lines wait: ${String(error)}`),
  });
  run.defer(() => recorder.close());
  writeRunConfig(run.path, runConfigOf(run, precision));
  const counts = countElements(model);
  recorder.write({
    type: "start",
    total_steps: plan.totalSteps,
    run_name: config.run_name ?? null,
    model: config.model_name_or_path,
    task_type: config.task_type,
    train_mode: config.train_mode,
    compute_dtype: config.computeDtype,
    ...factsOf(run, precision),
    samples: Number.isFinite(data.rows) ? data.rows : null,
    parameters: counts.all,
    trainable_parameters: counts.trainable,
    memory: memoryFacts(run),
  });
  if (checkpoint) {
    const { rowsCut } = recorder;
    const back = options.rolledBack ? { left_out: [...options.rolledBack.rows] } : {};
    recorder.write({ type: "resume", checkpoint: checkpoint.path, rows_cut: rowsCut, ...back });
  }
  if (before !== undefined) recorder.warn(before);
  return recorder;
}

/** The limit on the process, whatever device it trains on: it is for main memory that a kernel kills. */
function memoryFacts({ device, config }: Run): NonNullable<StartEvent["memory"]> {
  const { limit, source } = roomOf("cpu", device === "cpu" ? config.max_memory : null);
  const kills = memoryKills();
  return { limit_bytes: limit, source, ...(kills && { kills }) };
}

/** Where rows come from; the files of a stream are sources each. */
function sourcesOf(data: BegunParts["data"], given: DeviceConfig["train_file"]): NamedSource[] {
  if ("sources" in data) return [...data.sources];
  return given.flatMap((file) => (typeof file === "string" ? [{ name: file, files: [file] }] : []));
}

/** What a run's directory keeps of its configuration and machine. */
export function runConfigOf(run: Run, precision: ProductPrecision): RunConfig {
  return { ...run.loaded, notes: [...run.notes], facts: factsOf(run, precision) };
}

function factsOf({ device }: Run, { dtype, reason }: ProductPrecision) {
  return { device, product_dtype: dtype, product_reason: reason };
}
