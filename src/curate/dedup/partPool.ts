/** Parts of files, worked on by threads, or by this one where more would not help. */
import { type ConversationSource, openConversations } from "../../data/index.js";
import type { WorkerPool, WorkerSetup } from "../../util/workerPool.js";
import { Transferred, workerPool } from "../../util/workerPool.js";
import type { ReadingOptions } from "./parameters.js";
import { type FilePart, readLeniently } from "./sourceFiles.js";

/** Rows that a thread is given at a time. */
export const partRows = 256;

/** What a thread does with one part after the other. */
export interface PartWork<Part, Result> {
  run(part: Part): Promise<Result>;
  close(): Promise<void>;
}

/** A module that a thread runs. */
export interface PartModule<Settings, Part, Result> {
  setup: WorkerSetup<Settings, Part, Result>;
  makePart(settings: Settings): PartWork<Part, Result>;
}

export interface PartPool<Part, Result> extends Pick<WorkerPool<Part, Result>, "run" | "close"> {
  /** Parts that may be given before the first is done. */
  readonly ahead: number;
}

/**
 * @param entry of the module, as {@link workerPool} takes it
 * @param rows of all parts
 */
export async function partPool<Settings, Part, Result>(
  entry: URL,
  load: () => Promise<PartModule<Settings, Part, Result>>,
  settings: Settings,
  { threads, rows }: { threads: number; rows: number },
): Promise<PartPool<Part, Result>> {
  const most = Math.min(threads, Math.ceil(rows / partRows));
  if (most > 1) {
    return { ...workerPool<Settings, Part, Result>(entry, settings, most), ahead: 3 * most };
  }
  // One thread does no more than this one, and takes a while to start.
  return { ...(await load()).makePart(settings), ahead: 1 };
}

/** What a thread runs; buffers of results are moved and not copied. */
export function partSetup<Settings, Part, Result>(
  makePart: (settings: Settings) => PartWork<Part, Result>,
  buffersOf: (result: Result) => ArrayBuffer[],
): WorkerSetup<Settings, Part, Result> {
  return (settings) => {
    const { run } = makePart(settings);
    return async (part) => {
      const result = await run(part);
      return new Transferred(result, buffersOf(result));
    };
  };
}

/** Work on the rows of files, of which the last one stays open. */
export function workOnFiles<Part extends FilePart, Result>(
  reading: ReadingOptions,
  work: (source: ConversationSource, part: Part) => Promise<Result>,
): PartWork<Part, Result> {
  let opened: { file: string; source: ConversationSource } | undefined;
  const close = async () => {
    await opened?.source.close();
    opened = undefined;
  };
  return {
    async run(part) {
      if (opened?.file !== part.file) {
        await close();
        const source = await openConversations([part.file], { ...reading, ...readLeniently });
        opened = { file: part.file, source };
      }
      return work(opened.source, part);
    },
    close,
  };
}
