/** A run while it goes on: what is new since a place in its events, once. */
import { join } from "node:path";
import { placeRows, pointOf } from "../../tracking/runs/index.js";
import { type EventRow, eventsName } from "../../train/events/index.js";
import type { LiveEvent } from "../schema.js";
import {
  firstPlace,
  type NewRows,
  type Place,
  type PlacedRow,
  readNewRows,
  showPlace,
} from "./followEvents.js";
import { dialogueOf, noticeOf, sampleOf } from "./notices.js";

/** An event for the client, with the place that it may go on from. */
export interface PlacedEvent {
  event: LiveEvent;
  id: string;
}

/** Follows the events of a run for one client. */
export interface LiveReader {
  /**
   * What was written since the last time, in order; `more` where there is more at once.
   *
   * @throws Error of the system where the events cannot be read
   */
  next(): Promise<{ events: PlacedEvent[]; more: boolean }>;
}

/**
 * Reads a run from its beginning, since tokens are counted from there, and gives what lies behind `since`.
 *
 * @param since where the client has got to; without it, what is there now is passed over
 */
export async function openLive(directory: string, since: Place | undefined): Promise<LiveReader> {
  const file = join(directory, eventsName);
  let isNew = await newerThan(file, since);
  let place = firstPlace;
  let where = placeRows();
  const take = async (): Promise<NewRows | undefined> => {
    const found = await quietly(() => readNewRows(file, place));
    if (!found) return undefined;
    if (found.rewritten) {
      // An attempt has cut the file back: what was sent is told by attempt and time.
      isNew = laterThan(place);
      where = placeRows();
    }
    place = found.place;
    return found;
  };
  const skip = async () => {
    for (let found = await take(); found; found = found.more ? await take() : undefined) {
      for (const { row } of found.rows) where(row);
    }
  };
  if (!since) await skip();
  return {
    async next() {
      const found = await take();
      const events = (found?.rows ?? []).flatMap((placed) => {
        const made = eventsOf(placed.row, where);
        const id = showPlace(placed.place);
        return isNew(placed) ? made.map((event) => ({ event, id })) : [];
      });
      return { events, more: found?.more ?? false };
    },
  };
}

type IsNew = (placed: PlacedRow) => boolean;

async function newerThan(file: string, since: Place | undefined): Promise<IsNew> {
  if (!since) return () => true;
  const found = await quietly(() => readNewRows(file, since));
  if (!found || found.rewritten) return laterThan(since);
  return ({ place }) => place.offset > since.offset;
}

function laterThan({ attempt, time }: Place): IsNew {
  return ({ row }) => row.attempt > attempt || (row.attempt === attempt && row.time > time);
}

/** Nothing where there is no file yet. */
async function quietly<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What a row is to the page. */
function eventsOf(row: EventRow, where: ReturnType<typeof placeRows>): LiveEvent[] {
  const { epoch, tokens } = where(row);
  const events: LiveEvent[] = [];
  const metrics = Object.entries(pointOf(row));
  if (metrics.length > 0) {
    const shown = metrics.map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
    const { step, time } = row;
    events.push({ type: "point", step, epoch, time, tokens, metrics: Object.fromEntries(shown) });
  }
  const notice = noticeOf(row);
  if (notice) events.push({ type: "notice", notice });
  const sample = sampleOf(row);
  if (sample) events.push({ type: "sample", sample });
  const dialogue = dialogueOf(row);
  if (dialogue) events.push({ type: "dialogue", dialogue });
  return events;
}
