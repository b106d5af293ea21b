/** For tests: file operations that stop after the n-th one, and a disk that forgets what was not synced. */
import { existsSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { type CheckpointFiles, realFiles } from "./files.js";

/** What the disk does with writes and renames that were not synced before the crash. */
export type Loss = "nothing" | "half" | "all";

export interface CrashingFiles extends CheckpointFiles {
  /** Operations done. */
  readonly done: () => number;
  /** Applies the loss, as a power cut would. */
  lose(loss: Loss): void;
}

/** Operations that work `survive` times and then fail for ever, as if the process had died. */
export function crashingFiles(survive: number): CrashingFiles {
  let done = 0;
  const unsyncedFiles = new Set<string>();
  const unsyncedRenames: { from: string; to: string }[] = [];
  const step = (action: () => void) => {
    if (done >= survive) throw new Error("crash");
    action();
    done++;
  };
  return {
    done: () => done,
    makeDirectory: (path) => step(() => realFiles.makeDirectory(path)),
    writeText: (path, text) =>
      step(() => {
        realFiles.writeText(path, text);
        unsyncedFiles.add(path);
      }),
    sync: (path) =>
      step(() => {
        realFiles.sync(path);
        unsyncedFiles.delete(path);
        for (let i = unsyncedRenames.length - 1; i >= 0; i--)
          if (dirname(unsyncedRenames[i]!.to) === path) unsyncedRenames.splice(i, 1);
      }),
    rename: (from, to) =>
      step(() => {
        realFiles.rename(from, to);
        unsyncedRenames.push({ from, to });
      }),
    duplicate: (from, to) => step(() => realFiles.duplicate(from, to)),
    remove: (path) => step(() => realFiles.remove(path)),
    lose(loss) {
      if (loss === "nothing") return;
      for (const file of unsyncedFiles) {
        if (!existsSync(file)) continue;
        if (loss === "all") rmSync(file);
        else truncateSync(file, Math.floor(statSync(file).size / 2));
      }
      for (const { from, to } of unsyncedRenames.reverse())
        if (existsSync(to)) renameSync(to, from);
    },
  };
}
