/**
 * The peak rate that MFU is a share of. It is measured once on a machine and kept in
 * `.tunewright/rates.json`, so that it costs nothing at the start of a run and is the same for all
 * runs: a measurement on a busy machine would make the next run look better than it is.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  capabilities,
  type Device,
  type DType,
  deviceProperties,
  type PeakRate,
  peakGemmRate,
  threads,
  torchVersion,
} from "../tensor/index.js";
import { writeFileAtomic } from "../util/atomicFile.js";
import { makeFolders } from "../util/makeFolders.js";
import { packageRoot } from "../util/packageRoot.js";
import { readProcessor } from "../util/processor.js";

type Rates = Record<string, PeakRate>;

const defaultFile = () => path.join(packageRoot(), ".tunewright/rates.json");

/** Operations a second that the largest products reach; measured only where it is not known yet. */
export function peakRate(device: Device, dtype: DType, file = defaultFile()): number {
  return (readRates(file)[keyOf(device, dtype)] ?? measurePeak(device, dtype, file)).rate;
}

/**
 * Measures the peak rate and keeps it, if it is above the one that is kept: what else ran on the
 * machine can only lower it.
 *
 * @returns what was measured now
 */
export function measurePeak(device: Device, dtype: DType, file = defaultFile()): PeakRate {
  const peak = peakGemmRate(device, dtype);
  const rates = readRates(file);
  const key = keyOf(device, dtype);
  if (peak.rate > (rates[key]?.rate ?? 0)) writeRates(file, { ...rates, [key]: peak });
  return peak;
}

/** What a rate depends on. A checkout may be shared by machines of different kinds. */
function keyOf(device: Device, dtype: DType): string {
  const on =
    device === "cpu"
      ? [device, readProcessor().model, capabilities().cpu, `${threads()} threads`]
      : [deviceProperties(device)?.name ?? device];
  const { ONEDNN_MAX_CPU_ISA, DNNL_MAX_CPU_ISA, MKL_ENABLE_INSTRUCTIONS } = process.env;
  const limits = [ONEDNN_MAX_CPU_ISA, DNNL_MAX_CPU_ISA, MKL_ENABLE_INSTRUCTIONS];
  return [...on, ...limits, `torch ${torchVersion()}`, dtype].filter(Boolean).join(", ");
}

function readRates(file: string): Rates {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter((entry): entry is [string, PeakRate] => isPeak(entry[1])),
    );
  } catch {
    // Not there yet, or not what was written: it is measured again.
    return {};
  }
}

function isPeak(value: unknown): value is PeakRate {
  if (typeof value !== "object" || value === null || !("rate" in value)) return false;
  return typeof value.rate === "number" && value.rate > 0;
}

/** Where the checkout cannot be written, rates are measured each time. */
function writeRates(file: string, rates: Rates): void {
  try {
    makeFolders(path.dirname(file));
    writeFileAtomic(file, `${JSON.stringify(rates, null, 2)}\n`, { durable: false });
  } catch {
    return;
  }
}
