/** What the routes of the page share: tables of runs and files, the queue, checks. */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { builtinModelName } from "../../util/builtin-model.js";
import { catalogueId } from "../catalogue/index.js";
import type { ServeContext } from "../context.js";
import {
  createFileTable,
  createOpenFiles,
  createSearches,
  createStatsTable,
  type FileTable,
  type OpenFiles,
  type Searches,
  type StatsTable,
} from "../data/index.js";
import { checkRun, type Tables } from "../form/index.js";
import { unavailable } from "../http/index.js";
import { createQueue, type RunQueue } from "../queue/index.js";
import { createResultTable, type ResultTable, withRunScores } from "../results/index.js";
import { createRunTable, type RunTable } from "../runs/index.js";
import type { CheckReport } from "../schema.js";
import { createTextProcess, type TextProcess } from "../text/index.js";

export interface Studio {
  context: ServeContext;
  /** Folder of the server's own files, below the first folder of runs. */
  folder: string;
  /** Where new runs are put. */
  root: string;
  runs: RunTable;
  queue: RunQueue;
  files: FileTable;
  openFiles: OpenFiles;
  searches: Searches;
  text: TextProcess;
  stats: StatsTable;
  results: ResultTable;
  tables: Tables;
  check(config: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CheckReport>;
  /** Calls back when the queue has changed; returns what ends that. */
  onQueue(listener: () => void): () => void;
}

/** Checks that run or wait; each takes a process with libtorch. */
const mostChecks = 6;

export function createStudio(context: ServeContext): Studio {
  const root = context.runRoots[0] ?? "output";
  const folder = join(root, ".serve");
  const listeners = new Set<() => void>();
  const check = oneAtATime(context, folder, () => runs);
  const queue = createQueue({
    folder: join(folder, "queue"),
    check,
    say: context.log,
    onChange: () => {
      for (const listener of listeners) listener();
    },
  });
  const runs: RunTable = createRunTable({
    roots: context.runRoots,
    isOurs: queue.isOurs,
    begun: queue.begun,
  });
  const files = createFileTable(context.dataRoots, runs.directories);
  const text = createTextProcess();
  const searches = createSearches();
  const resultRoots = [...context.runRoots, ...context.resultRoots];
  const results = withRunScores(createResultTable(resultRoots, runs.directories), runs);
  context.ending.addEventListener("abort", queue.end, { once: true });
  context.ended.addEventListener("abort", () => {
    text.close();
    void searches.close();
    void results.close();
  });
  queue.begin();
  return {
    context,
    folder,
    root,
    runs,
    queue,
    files,
    openFiles: createOpenFiles(),
    searches,
    text,
    stats: createStatsTable(join(folder, "stats"), text),
    results,
    tables: tablesOf(context, files),
    check,
    onQueue(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function tablesOf({ catalogue }: ServeContext, files: FileTable): Tables {
  return {
    model: (id) => catalogue.find(id),
    data: files.pathOf,
    dataAt: files.idAt,
    modelAt(place) {
      const isNamed = place === builtinModelName || !existsSync(place);
      const entry = isNamed
        ? catalogue.entries().find((one) => one.place === place)
        : catalogue.find(catalogueId(realpathSync(place)));
      return entry?.id;
    },
  };
}

/** Checks in turn: two at once would each find the other's memory taken. */
function oneAtATime(context: ServeContext, folder: string, runs: () => RunTable): Studio["check"] {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (config, signal) => {
    if (waiting >= mostChecks) throw unavailable("Too many checks wait", "checks_busy", 5);
    waiting++;
    const turn = last.then(async () => {
      signal.throwIfAborted();
      const speed = await speedOf(config, runs());
      return checkRun(config, { folder, speed }, AbortSignal.any([signal, context.ended]));
    });
    last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      waiting--;
    }
  };
}

/** Tokens a second of the newest run that trained the same model in the same way. */
async function speedOf(
  config: Readonly<Record<string, unknown>>,
  runs: RunTable,
): Promise<number | undefined> {
  const mode =
    config.train_mode ?? (Number(config.bits) === 4 ? "qlora" : config.lora_rank ? "lora" : "full");
  const like = (await runs.list()).find(
    (run) =>
      run.model === config.model_name_or_path &&
      run.train_mode === mode &&
      run.tokens_per_second !== null,
  );
  return like?.tokens_per_second ?? undefined;
}
