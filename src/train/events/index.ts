/**
 * What a run tells of itself while it goes on: its events, and the lock of the process that writes them.
 * Entered by itself, this folder needs no libtorch, so that programs which only look at runs start at once.
 */
export { type AppendLog, openAppendLog } from "./appendLog.js";
export { parseRow, type ReadEvents, readEvents, readEventsFile } from "./read.js";
export { lockName, lockRun, type RunLock, whoseRun } from "./runLock.js";
export * from "./types.js";
export {
  cutEvents,
  type EventWriter,
  type EventWriterOptions,
  eventsName,
  openEventWriter,
} from "./writer.js";
