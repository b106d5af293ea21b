/**
 * The largest batch of a run is tried before its first step, so that a run does not end in the night at
 * a batch that never fitted. Forward, backward and an optimizer step that changes nothing: weights,
 * optimizer and all later numbers are those of a run without it.
 */
import type { StreamingData, TrainingData } from "../../data/index.js";
import type { Sequence } from "../../models/index.js";
import {
  hostMemory,
  memoryStatistics,
  resetHostPeak,
  resetPeakMemory,
  synchronize,
  tidy,
  trimMemory,
} from "../../tensor/index.js";
import { DataError } from "../../util/errors.js";
import { PassMemoryError } from "../pass.js";
import { formatBytes } from "../progress.js";
import { roomOf } from "./room.js";
import { freeAfterFailure, retryTighter } from "./splitting.js";
import { denseSequence, type TrialParts, tryStep, withFullGroup } from "./trialStep.js";

export interface DryRunParts extends TrialParts {
  data: TrainingData | StreamingData;
  evaluationData: TrainingData | undefined;
  /** Micro-batches that are still to come. */
  remaining: number;
  say: (line: string) => void;
}

/** From as many micro-batches on, the few parts that a dry run computes cost less than 5 %. */
const WORTH_IT = 20;

/**
 * Tries the largest micro-batch and tells what it needs. Where memory runs out, `pass` is tightened
 * until it fits.
 *
 * @throws DataError where even a single sequence does not fit, with what would
 */
export async function dryRun(parts: DryRunParts): Promise<void> {
  const { config, say, pass, prepared } = parts;
  if (config.dry_run === "no" || (config.dry_run === "auto" && parts.remaining < WORTH_IT)) return;
  const sequences = await largestBatch(parts);
  const evaluated = await largestEvaluation(parts);
  const tell = async (name: string, batch: readonly Sequence[], compute: Compute) => {
    const job = () => measured(withFullGroup(batch, pass.groupTokens), parts, compute);
    const needed = await retryTighter({ pass, prepared }, say, job);
    const { resident, free, source } = roomOf(prepared.model.device, config.max_memory);
    const size = describeBatch(batch);
    say(
      `Largest ${name}: ${size} needs ${formatBytes(needed)} of ${formatBytes(resident + free)} (${source}).`,
    );
  };
  try {
    await tell("batch", sequences, tryStep);
    // Without gradients, what is no larger needs less.
    if (isLarger(evaluated, sequences)) await tell("batch of eval_file", evaluated, tryEvaluation);
  } catch (error) {
    if (!(error instanceof PassMemoryError)) throw error;
    throw refusal(error, parts);
  } finally {
    parts.update.gradients.flat.zero_();
  }
}

/**
 * The rows with the most tokens, as many as a micro-batch has, each learnt from its first token to its
 * last, since other rows may have more to learn; of a stream, what may come at most.
 */
export async function largestBatch({
  config,
  data,
}: Pick<DryRunParts, "config" | "data">): Promise<Sequence[]> {
  const { per_device_train_batch_size: size, max_seq_length: length, packing } = config;
  const worst = Array.from({ length: size }, () => denseSequence(length));
  if (!("largest" in data)) return worst;
  const rows: readonly Sequence[][] = await data.largest(size);
  const largest = rows.flat().map((row) => ({ ...row, labels: row.inputIds }));
  if (largest.length === 0) return worst;
  if (!packing) return largest;
  // Packing may exceed its budget by one sequence.
  const packed: Sequence[] = [];
  let tokens = 0;
  for (let i = 0; tokens < size * length; i++) {
    packed.push(largest[i % largest.length]!);
    tokens += packed.at(-1)!.inputIds.length;
  }
  return [...packed, largest[0]!];
}

/** The rows of eval_file with the most tokens, as many as are evaluated together; none without it. */
async function largestEvaluation({ config, evaluationData }: DryRunParts): Promise<Sequence[]> {
  if (!evaluationData) return [];
  const rows = await evaluationData.largest(config.per_device_eval_batch_size);
  return rows.flat().map((row) => ({ ...row, labels: row.inputIds }));
}

function isLarger(one: readonly Sequence[], other: readonly Sequence[]): boolean {
  const lengths = (batch: readonly Sequence[]) => batch.map(({ inputIds }) => inputIds.length);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const [mine, theirs] = [lengths(one), lengths(other)];
  return Math.max(0, ...mine) > Math.max(0, ...theirs) || sum(mine) > sum(theirs);
}

function describeBatch(sequences: readonly Sequence[]): string {
  const lengths = sequences.map(({ inputIds }) => inputIds.length);
  const count = (value: number) => value.toLocaleString("en");
  const longest = Math.max(...lengths);
  if (lengths.every((length) => length === longest)) {
    return `${lengths.length} x ${count(longest)} tokens`;
  }
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return `${lengths.length} sequences of up to ${count(longest)} tokens (${count(tokens)} together)`;
}

type Compute = (sequences: readonly Sequence[], parts: DryRunParts) => void;

function tryEvaluation(sequences: readonly Sequence[], parts: DryRunParts): void {
  const { prepared, objective, pass } = parts;
  objective.evaluationPass(prepared, sequences, { ...pass, lossFactor: 1 });
}

/** @returns bytes that the process had at the most, of the device that it trains on */
function measured(sequences: readonly Sequence[], parts: DryRunParts, compute: Compute): number {
  const { config, prepared, pass } = parts;
  const { device } = prepared.model;
  trimMemory();
  resetHostPeak();
  if (device !== "cpu") resetPeakMemory();
  const before = hostMemory();
  tidy(() => compute(sequences, parts));
  synchronize(device);
  const after = hostMemory();
  if (device === "cpu") {
    return Math.max(after.residentBytes, before.residentBytes + after.peakBytes - before.liveBytes);
  }
  const needed = memoryStatistics().peakDeviceBytes;
  const { resident, free, source } = roomOf(device, config.max_memory);
  // A device refuses nothing for the sake of max_memory.
  if (source !== "max_memory" || needed <= resident + free) return needed;
  const tokens = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const atOnce = Math.min(tokens, pass.atOnceTokens ?? pass.groupTokens);
  const longest = Math.max(...sequences.map(({ inputIds }) => inputIds.length));
  throw new PassMemoryError(
    new Error(`${formatBytes(needed)} are more than max_memory`),
    atOnce > longest ? 2 : 1,
    atOnce,
  );
}

/** The error where a single sequence does not fit, with a length that does, found by trying. */
function refusal({ tokens, message }: PassMemoryError, parts: DryRunParts): DataError {
  const { config, prepared } = parts;
  const { source, limit } = roomOf(prepared.model.device, config.max_memory);
  const number = (value: number) => value.toLocaleString("en");
  const fitting = fittingLength(tokens, parts);
  const smaller = [
    config.train_mode === "qlora" ? "" : "train_mode qlora (bits 4)",
    config.optimizer.kind === "adamw" ? "optim adamw_8bit" : "",
    "a smaller model, or more memory",
  ].filter(Boolean);
  return new DataError(`a sequence of ${number(tokens)} tokens does not fit into memory`, {
    why: `the limit is ${formatBytes(limit)} (${source}); ${message}`,
    todo:
      fitting === null
        ? `no shorter one fits either: use ${smaller.join(", or ")}`
        : `max_seq_length ${fitting} fits; or use ${smaller.join(", or ")}`,
  });
}

/** Fewer tokens than these are no conversation. */
const SHORTEST = 16;

function fittingLength(tokens: number, parts: DryRunParts): number | null {
  for (let length = tokens >> 1; length >= SHORTEST; length >>= 1) {
    try {
      measured([denseSequence(length)], parts, tryStep);
      return length;
    } catch (error) {
      if (!(error instanceof PassMemoryError)) throw error;
      freeAfterFailure(parts.prepared);
    }
  }
  return null;
}
