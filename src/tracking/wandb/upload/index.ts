/** Uploads a run while it goes on, from a thread of its own. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { workerPool } from "../../../util/workerPool.js";
import type { Fragment } from "../fragments.js";
import type { RunFacts } from "../records.js";
import type { WandbSettings } from "../settings.js";
import type { WorkerInput, WorkerOutput, WorkerSettings } from "./worker.js";

/** Milliseconds that the end of a run waits for its upload. */
const usualPatience = 15_000;

export interface UploadOptions {
  readonly settings: WandbSettings;
  readonly run: RunFacts;
  readonly fragments: readonly Fragment[];
  readonly version: string;
  /** What uploads the run later. */
  readonly command: string;
  readonly say: (line: string) => void;
  /** Milliseconds that the end waits; 15 s where absent. */
  readonly patience?: number;
}

export interface Upload {
  /** Waits for what is not sent yet, for a limited time, and says how to send the rest. */
  finish(): Promise<void>;
}

/** Begins to upload. */
export function startUpload(options: UploadOptions): Upload {
  const { settings, run, fragments, version, command, say, patience = usualPatience } = options;
  const { baseUrl, pageUrl, apiKey = "" } = settings;
  const pool = workerPool<WorkerSettings, WorkerInput, WorkerOutput>(
    new URL("./worker", import.meta.url),
    {
      access: { baseUrl, apiKey, version },
      job: { run, fragments, pageUrl },
    },
    1,
    { jobsAtOnce: 2 },
  );
  const relay = async () => {
    for (;;) say(String(await pool.run("line")));
  };
  // The thread ends with the run; an error of its own shows when the upload is finished.
  relay().catch(() => {});
  return {
    async finish() {
      let isOver = false;
      const outcome = pool.run("finish").catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (!isOver) say(`W&B: the upload failed: ${reason}`);
        return false;
      });
      const isComplete = await Promise.race([outcome, sleep(patience)]);
      isOver = true;
      await pool.close();
      if (isComplete === true) for (const { file } of fragments) markSynced(file);
      else say(`W&B does not have the whole run; to upload the rest: ${command}`);
    },
  };
}

/** As `wandb sync` does, so that it leaves the file alone. */
function markSynced(file: string): void {
  writeFileSync(`${file}.synced`, "");
}
