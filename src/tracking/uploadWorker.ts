/** The thread that uploads: training never waits for it, whatever the network does. */
import type { WorkerSetup } from "../util/workerPool.js";
import { sessionOf, type UploadTask } from "./sessions.js";
import type { UploadAnswer, UploadJob, UploadSettings } from "./upload/index.js";
import { jsonSender, startLoop } from "./upload/index.js";

export const setup: WorkerSetup<UploadSettings<UploadTask>, UploadJob, UploadAnswer> = (
  settings,
) => {
  const { task, env, interval, firstWait } = settings;
  const news: string[] = [];
  let tell = () => {};
  const say = (line: string) => {
    news.push(line);
    tell();
  };
  const aborted = new AbortController();
  const loop = startLoop({
    session: sessionOf(task, jsonSender(aborted.signal), env, say),
    abort: () => aborted.abort(),
    say,
    ...(interval === undefined ? {} : { interval }),
    ...(firstWait === undefined ? {} : { firstWait }),
  });
  return async (job) => {
    if ("finishWithin" in job) {
      const report = await loop.finish(job.finishWithin);
      return { report, news: news.splice(0) };
    }
    if (news.length === 0) {
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    }
    return { news: news.splice(0) };
  };
};
