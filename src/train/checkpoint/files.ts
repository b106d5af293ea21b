/**
 * The file operations that a checkpoint is made of. They go through one object, so that tests can
 * stop a save after any of them and look at what is left.
 */
import { closeSync, copyFileSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { syncPath, writeAll } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";

/** The operations; every path is absolute or relative to the working directory. */
export interface CheckpointFiles {
  makeDirectory(path: string): void;
  writeText(path: string, text: string): void;
  /** Makes a file's bytes, or the names in a directory, survive a power cut. */
  sync(path: string): void;
  rename(from: string, to: string): void;
  /** Gives a synced file a second name, or copies and syncs it where the disk has no links. */
  duplicate(from: string, to: string): void;
  /** Removes a file or a whole directory; nothing happens where there is none. */
  remove(path: string): void;
}

export const realFiles: CheckpointFiles = {
  makeDirectory: (path) => makeFolders(path),
  writeText(path, text) {
    const descriptor = openSync(path, "w");
    try {
      writeAll(descriptor, Buffer.from(text));
    } finally {
      closeSync(descriptor);
    }
  },
  sync: (path) => syncPath(path),
  rename: (from, to) => renameSync(from, to),
  duplicate(from, to) {
    try {
      linkSync(from, to);
    } catch {
      copyFileSync(from, to);
      syncPath(to);
    }
  },
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};
