/** Findings about memory: how much a run will need, whether that is there, and what would make it fit. */
import {
  type AdviceParts,
  adviseChanges,
  findMemory,
  formatBytes,
  reservedBytes,
} from "../../train/index.js";
import type { MemoryRoom } from "../../util/memoryLimits.js";
import type { Finding, MemoryReport } from "./report.js";

type Parts = Omit<AdviceParts, "free" | "available">;

/** By rehearsing the run: see docs/memory.md. */
export function checkMemory(
  given: Parts,
  { free, resident, source }: Pick<MemoryRoom, "free" | "resident" | "source">,
): { report: MemoryReport; findings: Finding[] } {
  const { sequences } = given;
  // The run's process will have what this one has.
  const available = free + resident;
  const parts = { ...given, free, available: available - reservedBytes(free) };
  const longest = Math.max(1, ...sequences.map(({ inputIds }) => inputIds.length));
  const { estimate, needed, least, largestBatch, isMost } = findMemory(parts, longest);
  const report = {
    ...estimate,
    available,
    limited_by: source,
    largest_batch:
      largestBatch === null
        ? null
        : { rows: largestBatch, tokens_each: longest, is_most_tried: isMost },
  };
  if (needed <= parts.available) return { report, findings: [] };
  const blocking = least > parts.available;
  const { fitting, otherwise } = adviseChanges(parts);
  const [only, ...others] = fitting;
  const finding: Finding = {
    what: `the run needs about ${formatBytes(needed)} of memory, but only ${formatBytes(available)} are there (${source})`,
    why: blocking
      ? `even one row at a time, with nothing kept, takes about ${formatBytes(least)}`
      : "batches that do not fit are taken apart, which is slower",
    todo:
      only === undefined
        ? otherwise
        : `${others.length > 0 ? "one of these fits: " : ""}${fitting.join("; ")}${others.length > 0 ? "" : " fits"}`,
    blocking,
  };
  return { report, findings: [finding] };
}
