/** Checks everything that a run needs, in the same way as the run itself, without training. */
import {
  type DataSource,
  type DataSurvey,
  openDataSources,
  openTrainingData,
  surveyRows,
  type TrainingData,
} from "../../data/index.js";
import { weightNotes } from "../../format/index.js";
import { expertNotes } from "../../lora/index.js";
import {
  countElements,
  dropoutNotes,
  type ModelConfig,
  openModelWeights,
  type Sequence,
} from "../../models/index.js";
import { tidy } from "../../tensor/index.js";
import { generationNotes, textNotes } from "../../text/index.js";
import { describeTrackers } from "../../tracking/index.js";
import {
  checkpointBytes,
  countIntervalSteps,
  type DeviceConfig,
  describeTrainedModel,
  encodeSamplePrompts,
  evalFiles,
  fetchBaseModel,
  formatBytes,
  heldOut,
  largestBatch,
  loadTrainingConfig,
  newTokensOf,
  openBenchmarks,
  openDialogue,
  openText,
  otherGpu,
  planSteps,
  probeDevice,
  readingOptions,
  resolveFiles,
  resolveForDevice,
  resultBytes,
  roomOf,
  settleAdapters,
  settleBatchSize,
  warmupNotes,
} from "../../train/index.js";
import { ConfigError } from "../../util/errors.js";
import { progressLine } from "../data/progressLine.js";
import type { TextModel } from "../data/textModel.js";
import { checkOutput, freeDisk } from "./machineRoom.js";
import { checkMemory } from "./memory.js";
import { type CheckReport, type DataReport, type Finding, reportData } from "./report.js";
import { checkResume } from "./resume.js";
import { checkRows } from "./rows.js";
import { checkSchedule } from "./schedule.js";

/**
 * @param file configuration file
 * @param flags `--key value` words
 * @param gpu memory of a GPU that is estimated for in place of this machine, such as `24GB`
 * @throws ConfigError for an invalid configuration, FormatError for a model that cannot be read,
 * DataError for a data file that cannot be read
 */
export async function runCheck(
  file: string | undefined,
  flags: readonly string[],
  gpu?: string,
): Promise<CheckReport> {
  const given = loadTrainingConfig(file, flags);
  const there = gpu === undefined ? undefined : otherGpu(gpu, given.config);
  const loaded = await settleAdapters(await settleBatchSize(given, there));
  const { device, facts } = there ?? probeDevice(loaded.config.use_cpu);
  const { config, notes } = resolveForDevice(loaded.config, facts);
  const place = await fetchBaseModel(config);
  const { path } = place;
  const model = readConfig(path);
  const { tokenizerPath, ...opened } = await openText(place, config);
  const { embeddingRows } = opened;
  const text: TextModel = { ...opened, path: tokenizerPath };

  if (config.streaming) throw streamRefusal();
  await encodeSamplePrompts(config.sample_prompts, { ...text, embeddingRows }, { config: model });
  await openDialogue(config.sample_dialogue, { ...text, embeddingRows }, { config: model });
  const benchmarks = await openBenchmarks(config);
  const files = await resolveFiles(config.train_file);
  const train = await surveyFiles("train", files, text, config);
  const data = [train];
  const evaluationFiles = evalFiles(config);
  if (evaluationFiles)
    data.push(await surveyFiles("eval", await resolveFiles(evaluationFiles), text, config));

  const epoch = await planEpoch(files, text, config);
  const { totalSteps, stepsPerEpoch } = planSteps(epoch.microBatchesPerEpoch, config);
  const tokens = newTokensOf(text.tokenizer);
  const { trainable, onExperts } = tidy(() => {
    const trained = describeTrainedModel(model, config, place.adapters, tokens);
    return { trainable: countElements(trained).trainable, onExperts: expertNotes(trained) };
  });
  const memory = checkMemory(
    { config, facts, place, tokens, sequences: epoch.largest },
    there?.room ?? roomOf(config.device, config.max_memory),
  );
  const checkpoints = countCheckpoints(config, totalSteps, stepsPerEpoch);
  const disk = {
    needed:
      checkpoints * (checkpointBytes(trainable, config) + smallFiles) +
      resultBytes(trainable, config) +
      smallFiles,
    free: freeDisk(config.output_dir),
  };
  const ofRows = data.flatMap((part) => checkRows(part, config));
  const findings = [
    ...checkOutput(config),
    ...(await checkResume(loaded, {
      base: place,
      text: { ...opened, tokenizerPath },
      device,
      data,
    })),
    ...memory.findings,
    ...checkDisk(disk),
    ...checkPositions(config, model),
    ...ofRows,
    // Without rows that can be trained on, there are no steps to speak of.
    ...(ofRows.some(({ blocking }) => blocking)
      ? []
      : checkSchedule(config, { totalSteps, stepsPerEpoch }, epoch.microBatchesPerEpoch)),
  ];
  return {
    ok:
      !findings.some((finding) => finding.blocking) &&
      (config.on_error === "skip" || data.every((part) => part.bad_rows === 0)),
    model: {
      path,
      type: model.model_type,
      embedding_rows: embeddingRows,
      template: text.template.name,
      trained_weights: trainable,
    },
    device: config.device,
    compute_dtype: config.computeDtype,
    notes: [
      ...loaded.notes,
      ...notes,
      ...(benchmarks ? [benchmarks.note] : []),
      ...[path, ...place.adapters].flatMap(weightNotes),
      ...dropoutNotes(model),
      ...onExperts,
      ...textNotes(text),
      ...generationNotes(text.tokenizer, text.template),
      ...warmupNotes(config, totalSteps),
    ],
    data,
    sources: epoch.sources.map(({ name, rowsInFiles, rows, rowsPerEpoch }) => ({
      name,
      rows_in_files: rowsInFiles,
      rows,
      rows_per_epoch: rowsPerEpoch,
    })),
    steps_per_epoch: stepsPerEpoch,
    total_steps: totalSteps,
    memory: memory.report,
    disk,
    trackers: describeTrackers(config),
    findings,
  };
}

function readConfig(path: string): ModelConfig {
  const weights = openModelWeights(path);
  try {
    return weights.config;
  } finally {
    weights.close();
  }
}

async function surveyFiles(
  role: DataReport["role"],
  files: readonly (string | DataSource)[],
  text: TextModel,
  config: DeviceConfig,
): Promise<DataReport> {
  const progress = progressLine();
  const reading = readingOptions(config);
  const source = await openDataSources(
    files,
    { ...reading, ...heldOut(config, role) },
    config.data_seed,
  );
  let survey: DataSurvey;
  try {
    survey = await surveyRows(source, {
      ...text,
      ...reading,
      onProgress: (rows) => progress.show(`${role}: ${rows} of ${source.rows} rows`),
    });
  } finally {
    progress.clear();
    await source.close();
  }
  return reportData(role, source.files, survey);
}

/** The rows per source and the micro-batches of one epoch, and a micro-batch of its largest rows. */
async function planEpoch(
  files: readonly (string | DataSource)[],
  text: TextModel,
  config: DeviceConfig,
): Promise<
  Pick<TrainingData, "sources" | "microBatchesPerEpoch"> & { largest: readonly Sequence[] }
> {
  const data = await openTrainingData({
    ...text,
    files,
    embeddingRows: text.embeddingRows ?? text.tokenizer.vocabSize,
    ...readingOptions(config),
    ...heldOut(config, "train"),
    batchSize: config.per_device_train_batch_size,
    packing: config.packing,
    seed: config.data_seed,
  });
  try {
    const largest = await largestBatch({ config, data });
    return { sources: data.sources, microBatchesPerEpoch: data.microBatchesPerEpoch, largest };
  } finally {
    await data.close();
  }
}

function streamRefusal(): ConfigError {
  return new ConfigError("a stream cannot be checked before training", {
    why: "it can be read only once",
    todo: "check with a file that has the same kind of rows, and streaming false",
  });
}

/** Bytes of the tokenizer and the descriptions beside weights. */
const smallFiles = 5e6;

/** Largest number of checkpoints on disk at a time: those kept, and the one being written. */
function countCheckpoints(config: DeviceConfig, totalSteps: number, stepsPerEpoch: number): number {
  if (config.save_strategy === "no") return 0;
  const interval =
    config.save_strategy === "epoch"
      ? stepsPerEpoch
      : countIntervalSteps(config.save_steps, totalSteps);
  const saved = Math.ceil(totalSteps / interval);
  return Math.min(saved, (config.save_total_limit ?? saved) + 1);
}

function checkDisk({ needed, free }: CheckReport["disk"]): Finding[] {
  if (needed <= free) return [];
  const what = `checkpoints and result need ${formatBytes(needed)} of disk space, but only ${formatBytes(free)} are free`;
  return [{ what, todo: "free some space, or lower save_total_limit", blocking: true }];
}

function checkPositions(config: DeviceConfig, model: ModelConfig): Finding[] {
  const { max_seq_length: length } = config;
  if (length <= model.max_position_embeddings) return [];
  return [
    {
      what: `max_seq_length ${length} exceeds the model's ${model.max_position_embeddings} positions`,
      why: "it was not trained on longer texts, so results on them may be poor",
      blocking: false,
    },
  ];
}
