/**
 * Reads `events.jsonl` while it grows. The file is the queue of an upload: an outage of any length costs
 * no memory, and what was not sent when the process ends is still there.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { type EventRow, parseRow } from "../../train/index.js";

export interface Follower {
  /**
   * The next rows, `limit` at most; none where nothing new is there. A line that is not complete yet
   * is left for later, one that is no event is passed over.
   */
  read(limit: number): EventRow[];
}

const chunkBytes = 256 * 1024;

/** Follows a file from its beginning; it need not exist yet. */
export function followEvents(path: string): Follower {
  let offset = 0;
  let rest = Buffer.alloc(0);
  const more = (): boolean => {
    const bytes = readAt(path, offset);
    offset += bytes.length;
    rest = Buffer.concat([rest, bytes]);
    return bytes.length > 0;
  };
  return {
    read(limit) {
      const rows: EventRow[] = [];
      while (rows.length < limit) {
        const end = rest.indexOf(10);
        if (end < 0) {
          if (!more()) break;
          continue;
        }
        const row = parseRow(rest.toString("utf8", 0, end));
        rest = rest.subarray(end + 1);
        if (row) rows.push(row);
      }
      return rows;
    },
  };
}

function readAt(path: string, offset: number): Buffer {
  const bytes = Buffer.alloc(chunkBytes);
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return Buffer.alloc(0);
  }
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, chunkBytes, offset));
  } finally {
    closeSync(descriptor);
  }
}
