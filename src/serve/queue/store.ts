/** The queue on the disk, so that it outlives the server. */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { type FileLock, tryLock } from "../../util/fileLock.js";
import { makeFolders } from "../../util/makeFolders.js";
import { queueSchema, type StoredQueue } from "./types.js";

export interface QueueStore {
  /** Folder of configurations and logs of jobs. */
  readonly folder: string;
  read(): StoredQueue;
  write(queue: StoredQueue): void;
  /** Makes this server the only one that starts the jobs; false where another one is. */
  hold(): boolean;
  release(): void;
}

const empty = (): StoredQueue => ({ version: 1, paused: false, jobs: [] });

/**
 * @param folder made when something is written
 * @param say told where a file cannot be read and is put aside
 */
export function openStore(folder: string, say: (line: string) => void): QueueStore {
  const file = join(folder, "queue.json");
  let lock: FileLock | undefined;
  return {
    folder,
    read() {
      if (!existsSync(file)) return empty();
      try {
        return queueSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      } catch {
        const aside = `${file}.damaged-${Date.now()}`;
        renameSync(file, aside);
        say("the queue of runs could not be read; it was put aside, and an empty one begins");
        return empty();
      }
    },
    write(queue) {
      makeFolders(folder);
      writeFileAtomic(file, `${JSON.stringify(queue, null, 2)}\n`);
    },
    hold() {
      if (lock) return true;
      makeFolders(folder);
      lock = tryLock(join(folder, "queue.lock"));
      return lock !== undefined;
    },
    release() {
      lock?.release();
      lock = undefined;
    },
  };
}
