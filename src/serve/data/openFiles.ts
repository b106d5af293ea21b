/** Data files that are open for reading rows: their index is made once, and kept while they are looked at. */
import { statSync } from "node:fs";
import { type ConversationSource, openConversations, openRowFile } from "../../data/index.js";
import { DataError } from "../../util/errors.js";

/** A file whose rows can be read. */
export interface OpenedFile extends Pick<ConversationSource, "rows" | "readBytes" | "readValue"> {
  /** Format of its conversations; null where they are of none. */
  format: string | null;
  /** Why it cannot be read as conversations. */
  problem: DataError | null;
  /** Reads a row as a conversation; absent where they are of no format. */
  readWhole: ConversationSource["readWhole"] | null;
  line(row: number): number;
  close(): Promise<void>;
}

export interface OpenFiles {
  /** Runs `action` on the file, which stays open meanwhile. @throws what opening it throws */
  use<Value>(path: string, action: (file: OpenedFile) => Promise<Value>): Promise<Value>;
  /** Share of the file that is indexed, 0 to 1; begins that, and waits a moment for it. */
  progress(path: string): Promise<number>;
}

interface Entry {
  opening: Promise<OpenedFile>;
  isOpen: boolean;
  bytes: number;
  done: number;
  users: number;
}

/** Files that stay open. */
const kept = 4;

/** Milliseconds that a look at the progress waits for an index that is nearly there. */
const patience = 250;

export function createOpenFiles(): OpenFiles {
  const entries = new Map<string, Entry>();
  const closeOldest = () => {
    for (const [key, entry] of entries) {
      if (entries.size <= kept) return;
      if (entry.users > 0) continue;
      entries.delete(key);
      void entry.opening.then((file) => file.close()).catch(() => {});
    }
  };
  const entryOf = (path: string): Entry => {
    const { size, mtimeMs, ino } = statSync(path);
    const key = `${path}:${ino}:${size}:${mtimeMs}`;
    const known = entries.get(key);
    entries.delete(key);
    const entry = known ?? begin(path, size);
    entries.set(key, entry);
    // What could not be opened is tried anew.
    entry.opening.catch(() => entries.delete(key));
    closeOldest();
    return entry;
  };
  return {
    async use(path, action) {
      const entry = entryOf(path);
      entry.users++;
      try {
        return await action(await entry.opening);
      } finally {
        entry.users--;
        closeOldest();
      }
    },
    async progress(path) {
      const entry = entryOf(path);
      const late = new Promise((resolve) => {
        setTimeout(resolve, patience).unref();
      });
      await Promise.race([entry.opening, late]);
      // Unpacking a compressed file tells no bytes of its own.
      return entry.isOpen ? 1 : Math.min(0.99, entry.done / Math.max(1, entry.bytes));
    },
  };
}

function begin(path: string, bytes: number): Entry {
  const entry: Entry = { opening: undefined as never, isOpen: false, bytes, done: 0, users: 0 };
  const onProgress = (done: number) => {
    entry.done = done;
  };
  entry.opening = openFile(path, onProgress).then((file) => {
    entry.isOpen = true;
    return file;
  });
  return entry;
}

/** As conversations, or else as rows of any kind. */
async function openFile(path: string, onProgress: (bytes: number) => void): Promise<OpenedFile> {
  try {
    // The order of roles is looked at row by row, so that one that is wrong can still be read.
    const source = await openConversations([path], { checked: false, pairs: "keep", onProgress });
    return {
      rows: source.rows,
      readBytes: source.readBytes,
      readValue: source.readValue,
      readWhole: source.readWhole,
      format: source.files[0]?.format ?? null,
      problem: null,
      line: (row) => source.place(row).line,
      close: source.close,
    };
  } catch (problem) {
    if (!(problem instanceof DataError)) throw problem;
    const file = await openRowFile(path, { onProgress });
    const { rows, readBytes, read, line, close } = file;
    return {
      rows,
      readBytes,
      readValue: read,
      readWhole: null,
      format: null,
      problem,
      line,
      close,
    };
  }
}
