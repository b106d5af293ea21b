/** A tracker that is a server: what is the same for all of them. */
import { basename, resolve } from "node:path";
import { shellWord } from "../../util/shellWord.js";
import type { Tracker, TrackerContext, TrackerKind } from "../tracker.js";
import type { RunConfigValues, RunFacts } from "./service.js";
import type { RunUpload } from "./session.js";
import { uploadBeside } from "./uploader.js";

export interface ServerKind {
  /** As in `report_to`. */
  name: string;
  /** Why nothing can be sent; `undefined` where a server is known. */
  lacks(env: NodeJS.ProcessEnv, config: RunConfigValues): string | undefined;
  /** Where it sends to. @throws ConfigError for a value that cannot be used */
  place(env: NodeJS.ProcessEnv, config: RunConfigValues): string;
}

/** Without a server a run is trained all the same, and can be sent later. */
export function serverTracker({ name, lacks, place }: ServerKind): TrackerKind {
  return {
    describe(config, env) {
      const lack = lacks(env, { ...config });
      return lack === undefined ? place(env, { ...config }) : `nothing is sent, because ${lack}`;
    },
    missing: (config, env) => lacks(env, { ...config }),
    open(context): Tracker {
      const { env, say, start } = context;
      const run = factsOf(context);
      const lack = lacks(env, run.config);
      const command = `./tunewright track ${shellWord(run.directory)} --to ${name}`;
      if (lack !== undefined) {
        say(`${name}: nothing is sent, because ${lack}; later: ${command}`);
        return { handle() {}, close() {} };
      }
      // Values that cannot be used are told now, not from a thread.
      place(env, run.config);
      const task: RunUpload = { name, run, attempt: start.attempt };
      const upload = uploadBeside({ task, env: { ...env } }, { label: name, command, say });
      return { handle() {}, close: async () => void (await upload.finish()) };
    },
  };
}

/** What a server is told of a run. */
export function factsOf({
  runDirectory,
  events,
  config,
  start,
}: Pick<TrackerContext, "runDirectory" | "events" | "config" | "start">): RunFacts {
  return {
    directory: runDirectory,
    events,
    name: start.run_name ?? basename(resolve(runDirectory)),
    config,
    time: start.time,
  };
}
