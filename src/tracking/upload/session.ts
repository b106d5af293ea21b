/** One run and one server: what the server lacks of `events.jsonl` is sent to it. */
import type { EventRow } from "../../train/index.js";
import { metricsOf } from "../runs/index.js";
import { textReader } from "../texts.js";
import { followEvents } from "./follower.js";
import { readSavedRun, writeSavedRun } from "./savedRun.js";
import {
  type EndReason,
  type OpenedRun,
  type Point,
  type RunFacts,
  rowsAtOnce,
  type Service,
  type TextPoint,
} from "./service.js";

export interface UploadSession {
  /** Milliseconds until the next look at the file, of those since the upload began; 1,000 where absent. */
  intervalAfter?(elapsed: number): number;
  /** Sends what is new. @throws ServerError; what was not sent is sent at the next call */
  sync(): Promise<void>;
  /** Where the run can be looked at, once it is open. */
  readonly page: string | undefined;
  /** Batches that the server has taken. */
  readonly batches: number;
  /** Rows with values that are not sent; reads the rest of the file. */
  countLeft(): number;
}

/** A run that is uploaded; plain data for another thread. */
export interface RunUpload {
  /** Name of the service, as in `report_to`. */
  name: string;
  run: RunFacts;
  /** The attempt whose end is the end of the run. */
  attempt: number;
  /** When that attempt was last alive, where it was killed: seconds since 1970. */
  killedAt?: number;
}

export interface SessionOptions extends RunUpload {
  service: Service;
  say: (line: string) => void;
}

/** Rows that were read, as what a service takes. */
interface Batch {
  points: Point[];
  texts: TextPoint[];
  end?: { reason: EndReason; time: number };
}

/** Milliseconds between two signs of life. */
const heartbeatInterval = 600_000;

/** Begins to read; nothing is sent before the first {@link UploadSession.sync}. */
export function openSession(options: SessionOptions): UploadSession {
  const { name, service, run, attempt, killedAt, say } = options;
  const follower = followEvents(run.events);
  const textOf = textReader();
  let opened: OpenedRun | undefined;
  let page: string | undefined;
  let batch: Batch | undefined;
  let aliveAt = 0;
  let batches = 0;
  let isEnded = false;

  const open = async (): Promise<OpenedRun> => {
    const saved = readSavedRun(run.directory, name);
    const begun = await service.begin(run, saved, say);
    if (JSON.stringify(begun.saved) !== JSON.stringify(saved)) {
      writeSavedRun(run.directory, name, begun.saved);
    }
    if (page === undefined) say(begun.page);
    page = begun.page;
    aliveAt = Date.now();
    return begun;
  };
  const read = (limit: number): Batch | undefined => {
    const rows = follower.read(limit);
    return rows.length > 0 ? batchOf(rows) : undefined;
  };
  const batchOf = (rows: readonly EventRow[]): Batch => {
    const made: Batch = { points: [], texts: [] };
    for (const row of rows) {
      const { step, time } = row;
      for (const [given, value] of Object.entries(metricsOf(row) ?? {})) {
        made.points.push({ name: service.nameOf(given), step, value, time });
      }
      const text = textOf(row);
      if (text) made.texts.push({ ...text, name: service.nameOf(text.name), step, time });
      if (row.type === "end" && row.attempt === attempt) made.end = { reason: row.reason, time };
    }
    return made;
  };
  const send = async (
    { points, texts, end: ending }: Batch,
    { sent }: OpenedRun,
  ): Promise<void> => {
    const isNew = ({ name, step }: { name: string; step: number }) => step > (sent.get(name) ?? -1);
    const newPoints = points.filter(isNew);
    const newTexts = texts.filter(isNew);
    if (newPoints.length + newTexts.length > 0) {
      await service.send(newPoints, newTexts);
      aliveAt = Date.now();
    }
    for (const one of [...newPoints, ...newTexts]) sent.set(one.name, one.step);
    if (ending) await end(ending.reason, ending.time);
  };
  const end = async (reason: EndReason, time: number): Promise<void> => {
    await service.end(reason, time);
    isEnded = true;
  };

  return {
    get page() {
      return page;
    },
    get batches() {
      return batches;
    },
    async sync() {
      try {
        for (batch ??= read(rowsAtOnce); batch; batch = read(rowsAtOnce)) {
          opened ??= await open();
          await send(batch, opened);
          batches += 1;
        }
        if (killedAt !== undefined && !isEnded) {
          opened ??= await open();
          await end("killed", killedAt);
        }
        if (opened && Date.now() - aliveAt > heartbeatInterval) {
          await service.heartbeat?.();
          aliveAt = Date.now();
        }
      } catch (error) {
        opened = undefined;
        throw error;
      }
    },
    countLeft() {
      const rest = read(Number.POSITIVE_INFINITY);
      return [batch, rest].reduce((sum, one) => sum + (one ? one.points.length : 0), 0);
    },
  };
}
