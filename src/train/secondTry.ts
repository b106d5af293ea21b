/** What is refused memory is tried once more, after what was freed has been given back. */
import { type Device, emptyCache, trimMemory } from "../tensor/index.js";
import { isOutOfMemory } from "../util/outOfMemory.js";

/** Gives freed memory back to the system and to the device. */
export function giveBack(device: Device): void {
  trimMemory();
  if (device !== "cpu") emptyCache();
}

/** Runs a job that may be run again after it failed for want of memory. */
export async function onceMore<T>(device: Device, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    giveBack(device);
    return job();
  }
}

/** {@link onceMore} for a job that nobody waits for. */
export function secondTry<T>(device: Device, job: () => T): T {
  try {
    return job();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    giveBack(device);
    return job();
  }
}
