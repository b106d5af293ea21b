/** How much memory a run will need, from a rehearsal of it. */
import type { Sequence } from "../../models/index.js";
import { hostMemory } from "../../tensor/index.js";
import type { DeviceConfig } from "../config/index.js";
import { denseSequence, type PassPlan, tightestPlan } from "../memory/index.js";
import {
  type RehearsalParts,
  type RehearsedRun,
  rehearseRun,
  type StandingMemory,
  type StepMemory,
} from "./rehearsal.js";

/** All in bytes. */
export interface MemoryEstimate extends StandingMemory, Omit<StepMemory, "peakOf"> {
  /** What the peak is in: `loading` the model, or a part of a step. */
  peak_of: StepMemory["peakOf"] | "loading";
  /** The process, or a device's context: everything but tensors. */
  runtime: number;
  /** Freed blocks that fit nothing that is wanted. */
  fragmentation: number;
  /** At the peak. */
  total: number;
}

/** Of a GPU before its first tensor: CUDA's context, kernels, workspaces of libraries. */
const DEVICE_RUNTIME = 0.8e9;

/** What is no tensor. Of the run's own process it is what this one takes, which has loaded the same. */
function runtimeBytes(device: DeviceConfig["device"]): number {
  if (device !== "cpu") return DEVICE_RUNTIME;
  const { residentBytes, liveBytes } = hostMemory();
  return residentBytes - liveBytes;
}

/**
 * What lies in freed blocks at the peak, as a share of what comes and goes in a step. No count of tensors shows it: it
 * is what glibc was seen to keep, 11 to 41 % (bench/memory/shapes.mjs); of GPUs it is an assumption.
 */
const FRAGMENTED = { cpu: 1 / 5, cuda: 1 / 6 };

function sumOf({ weights, quantized, trained, gradients, optimizer }: StandingMemory): number {
  return weights + quantized + trained + gradients + optimizer;
}

function estimateOf(
  { standing, loading }: RehearsedRun,
  { peakOf, ...step }: StepMemory,
  device: DeviceConfig["device"],
): MemoryEstimate {
  const runtime = runtimeBytes(device);
  const passing = step.prepared + step.kept + step.working;
  const training = sumOf(standing) + passing;
  const tensors = Math.max(loading, training);
  const fragmentation = Math.round(FRAGMENTED[device] * passing);
  return {
    ...standing,
    ...step,
    peak_of: loading > training ? "loading" : peakOf,
    runtime,
    fragmentation,
    total: runtime + tensors + fragmentation,
  };
}

/**
 * What has to be there for a step. Prepared weights that stay are given up where memory is short, and on the CPU
 * freed blocks go back to the system before an allocation is refused.
 */
function neededFor(
  run: RehearsedRun,
  sequences: readonly Sequence[],
  device: DeviceConfig["device"],
  tightened?: Partial<PassPlan>,
): number {
  const step = run.step(sequences, { preparesAnew: true, ...(tightened && { tightened }) });
  const { total, fragmentation } = estimateOf(run, step, device);
  return device === "cpu" ? total - fragmentation : total;
}

/** What has to be there for a run with this as its largest micro-batch, bytes. */
export function neededBytes(parts: RehearsalParts, sequences: readonly Sequence[]): number {
  return rehearseRun(parts, (run) => neededFor(run, sequences, parts.config.device));
}

/** An estimate of a run that fits: what it would take beyond that gives way. */
function within(estimate: MemoryEstimate, available: number): MemoryEstimate {
  const over = Math.max(0, estimate.total - available);
  const fragmentation = Math.max(0, estimate.fragmentation - over);
  const prepared = Math.max(0, estimate.prepared - (over - estimate.fragmentation + fragmentation));
  return { ...estimate, fragmentation, prepared, total: Math.min(estimate.total, available) };
}

/** Of a run as it is configured. */
export interface MemoryFindings {
  estimate: MemoryEstimate;
  /** What has to be there for it. */
  needed: number;
  /** With batches taken apart and nothing kept: what it needs at the least. */
  least: number;
  /** The most rows of the longest length that fit in a micro-batch; null where not even one does. */
  largestBatch: number | null;
  /** Whether more were not tried. */
  isMost: boolean;
}

/** Tokens, and rows, of the largest micro-batch that is tried: beyond them nothing becomes faster. */
const MOST_TOKENS = 16_384;
const MOST_ROWS = 64;

/** The most rows of a length that are tried in a micro-batch. */
export function mostRows(length: number): number {
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_TOKENS / Math.max(1, length))));
}

/** 1, 2, 4, … @param most at least 1 */
export function powersUpTo(most: number): number[] {
  return Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
}

/** The last of some ascending sizes up to which all fit; null where not even the first does. */
function largestThatFits(
  candidates: readonly number[],
  fits: (size: number) => boolean,
): number | null {
  const tooLarge = candidates.findIndex((size) => !fits(size));
  if (tooLarge < 0) return candidates.at(-1) ?? null;
  return candidates[tooLarge - 1] ?? null;
}

/** What findings are made from. */
export interface FindingParts extends RehearsalParts {
  /** Of the largest micro-batch. */
  sequences: readonly Sequence[];
  /** For the whole process, bytes. */
  available: number;
}

/** @param longest tokens of the longest row */
export function findMemory(parts: FindingParts, longest: number): MemoryFindings {
  const { sequences, available } = parts;
  const { device } = parts.config;
  return rehearseRun(parts, (run) => {
    const candidates = powersUpTo(mostRows(longest));
    const largestBatch = largestThatFits(
      candidates,
      (rows) => neededFor(run, denseBatch(rows, longest), device) <= available,
    );
    const estimate = estimateOf(run, run.step(sequences), device);
    const needed = neededFor(run, sequences, device);
    return {
      estimate: needed <= available ? within(estimate, available) : estimate,
      needed,
      least: neededFor(run, denseBatch(1, longest), device, tightestPlan(longest)),
      largestBatch,
      isMost: largestBatch === candidates.at(-1),
    };
  });
}

/**
 * The largest of some sizes of micro-batches that fits.
 *
 * @param candidates ascending
 * @param length tokens of each row
 * @returns null where not even the smallest fits
 */
export function fittingBatch(
  parts: Omit<FindingParts, "sequences">,
  candidates: readonly number[],
  length: number,
): number | null {
  const { device } = parts.config;
  return rehearseRun(parts, (run) =>
    largestThatFits(
      candidates,
      (rows) => neededFor(run, denseBatch(rows, length), device) <= parts.available,
    ),
  );
}

/** Sequences that are as long as they come. */
function denseBatch(rows: number, length: number): Sequence[] {
  return Array.from({ length: rows }, () => denseSequence(length));
}
