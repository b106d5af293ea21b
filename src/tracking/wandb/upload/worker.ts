/** The thread that uploads: no request, name look-up or answer of a server takes time from training. */
import type { WorkerSetup } from "../../../util/workerPool.js";
import { type ServerAccess, wandbApi } from "./api.js";
import { startUploader, type UploadJob } from "./uploader.js";

/** What the thread is started with. */
export interface WorkerSettings {
  readonly access: ServerAccess;
  readonly job: UploadJob;
}

/** What it is asked: for the next line to the user, or to send what is left. */
export type WorkerInput = "line" | "finish";

/** The next line, or whether the server has everything. */
export type WorkerOutput = string | boolean;

export const setup: WorkerSetup<WorkerSettings, WorkerInput, WorkerOutput> = ({ access, job }) => {
  const lines: string[] = [];
  let wake = () => {};
  const say = (line: string) => {
    lines.push(line.replaceAll(access.apiKey, "(the key)"));
    wake();
  };
  const uploader = startUploader(job, { api: wandbApi(access), say });
  return async (input) => {
    if (input === "finish") return uploader.finish();
    while (lines.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return lines.shift()!;
  };
};
