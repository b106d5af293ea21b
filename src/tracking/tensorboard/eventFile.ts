/** An event file of TensorBoard, written record by record; each is with the operating system at once. */
import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeAll } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";
import { fileVersionEvent } from "./eventMessages.js";
import { frameRecord } from "./records.js";

export interface EventFile {
  readonly path: string;
  /** Appends an event. What a failed write has left of it is taken back, so that the file stays readable. */
  write(event: Uint8Array): void;
  close(): void;
}

/** The time in the name of the newest event file, for an attempt in the same second comes behind it; 0 for none. */
export function lastSeconds(directory: string): number {
  const times = readdirSync(directory).map(
    (name) => /^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1],
  );
  return Math.max(0, ...times.map((time) => Number(time ?? 0)));
}

/**
 * Creates an event file in `directory`, named as TensorBoard's own writers do: its files are read
 * in the order of their names, so the time comes first.
 *
 * @param time seconds since 1970
 */
export function createEventFile(directory: string, time: number): EventFile {
  makeFolders(directory);
  const seconds = String(Math.max(Math.floor(time), lastSeconds(directory) + 1)).padStart(10, "0");
  const unique = randomBytes(4).toString("hex");
  const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${unique}`;
  const path = join(directory, name);
  const descriptor = openSync(path, "ax");
  let length = 0;
  const write = (event: Uint8Array) => {
    const record = frameRecord(event);
    try {
      writeAll(descriptor, record);
    } catch (error) {
      ftruncateSync(descriptor, length);
      throw error;
    }
    length += record.length;
  };
  write(fileVersionEvent(time));
  return { path, write, close: () => closeSync(descriptor) };
}
