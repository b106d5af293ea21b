/** The error that a run ends with where memory ran out. */
import { type Device, memoryStatistics } from "../../tensor/index.js";
import { OutOfMemoryError } from "../../util/errors.js";
import { isOutOfMemory } from "../../util/outOfMemory.js";
import { formatBytes } from "../progress.js";
import { roomOf } from "./room.js";

/** What was going on. */
export interface MemoryPlace {
  device: Device;
  maxMemory: string | number | null;
  /** Such as `at step 12`. */
  when: string;
  /** Newest checkpoint of the run, as its name says. */
  checkpoint?: string | undefined;
}

/** `error` in the user's terms where it is about memory; any other as it is. */
export function explainOutOfMemory(error: unknown, place: MemoryPlace): unknown {
  if (!isOutOfMemory(error)) return error;
  if (error instanceof OutOfMemoryError && error.todo !== undefined) return error;
  const { device, maxMemory, when, checkpoint } = place;
  const { limit, source } = roomOf(device, maxMemory);
  const peak =
    device === "cpu"
      ? process.resourceUsage().maxRSS * 1024
      : memoryStatistics().peakReservedDeviceBytes;
  const saved =
    checkpoint === undefined
      ? "lower max_seq_length or lora_rank, use bits 4 (train_mode qlora) or optim adamw_8bit, or give the run more memory"
      : `${checkpoint} is intact: go on with --resume where more memory is free (max_memory, the container's limit); ` +
        "lower max_seq_length only for a new run";
  return new OutOfMemoryError("train", `out of memory ${when}`, {
    why: `the peak was ${formatBytes(peak)}, the limit is ${formatBytes(limit)} (${source}); ${error.message}`,
    todo: saved,
    cause: error,
  });
}
