/** An attempt that ended without a word: killed, or with the machine. What there is to know is told. */
import { join } from "node:path";
import { killsSince, type MemoryKills, memoryKills } from "../util/memoryKills.js";
import { type EventRow, eventsName, readEvents } from "./events/index.js";
import { formatBytes } from "./progress.js";

/** From this share of the limit on, memory is a likely reason. */
const CLOSE = 0.9;

/**
 * How the attempt before ended, for whoever goes on with its run.
 *
 * @param kills as they are now
 * @returns nothing where it said how it ended, or there was none
 */
export function lastAttempt(
  runDirectory: string,
  kills: MemoryKills | undefined = memoryKills(),
): string | undefined {
  const rows = readEvents(join(runDirectory, eventsName));
  const attempt = rows.reduce((most, row) => Math.max(most, row.attempt), 0);
  const own = rows.filter((row) => row.attempt === attempt);
  if (own.length === 0 || own.some(({ type }) => type === "end")) return undefined;
  const step = own.reduce((most, row) => Math.max(most, row.step), 0);
  const peak = own.reduce((most, row) => Math.max(most, peakOf(row)), 0);
  const { memory } = own.find((row) => row.type === "start") ?? {};
  const limit = memory
    ? `, the limit was ${formatBytes(memory.limit_bytes)} (${memory.source})`
    : "";
  const most = peak === 0 ? "" : ` It had up to ${formatBytes(peak)} in memory${limit}.`;
  const reason = reasonOf({ peak, limit: memory?.limit_bytes, before: memory?.kills, now: kills });
  return `The attempt before ended without a word after step ${step}: it was killed, or the machine stopped.${most}${reason}`;
}

function peakOf(row: EventRow): number {
  return row.type === "step" ? (row.peak_rss_bytes ?? row.rss_bytes) : 0;
}

/** What speaks for memory as the reason, and what to do then. */
function reasonOf(given: {
  peak: number;
  limit: number | undefined;
  before: MemoryKills | undefined;
  now: MemoryKills | undefined;
}): string {
  const { peak, limit, before, now } = given;
  const { group, machine } = before ? killsSince(before, now) : { group: 0, machine: 0 };
  const todo =
    "Give it more memory, or set max_memory below what it may have: then batches are taken apart before the limit is reached.";
  const count = (kills: number) => (kills === 1 ? "a process" : `${kills} processes`);
  if (group > 0) {
    return ` Memory was the reason: since it began, the kernel has killed ${count(group)} of its control group (${before!.group!.path}) for want of memory. ${todo}`;
  }
  if (machine > 0) {
    return ` Memory may be the reason: since it began, the kernel has killed ${count(machine)} on this machine for want of memory. ${todo}`;
  }
  if (limit !== undefined && peak > CLOSE * limit) {
    return ` Memory may be the reason: it was close to the limit. ${todo}`;
  }
  return "";
}
