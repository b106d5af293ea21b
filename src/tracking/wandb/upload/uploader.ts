/**
 * Uploads a run while it is written. An outage, a slow server or a refusal changes nothing but this:
 * rows wait in their file, and are sent when the server answers again.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPause } from "../../pause.js";
import type { Fragment } from "../fragments.js";
import { formatVersion, type RunFacts, stepMetric } from "../records.js";
import {
  PassingError,
  RefusedError,
  type ServerRun,
  type StreamFiles,
  type WandbApi,
} from "./api.js";
import { type Follower, followRun } from "./follow.js";

/** What an uploader is told. */
export interface UploadJob {
  readonly run: RunFacts;
  /** The attempts; the last one is being written. */
  readonly fragments: readonly Fragment[];
  /** Where people look at runs. */
  readonly pageUrl: string;
}

export interface UploaderOptions {
  readonly api: WandbApi;
  /** Gets lines for the user. */
  readonly say: (line: string) => void;
  /** Milliseconds between two looks at the file, of those since the beginning. */
  readonly interval?: (elapsed: number) => number;
  /** Milliseconds before the first repetition of a request; doubled each time. */
  readonly retryDelay?: number;
}

export interface Uploader {
  /**
   * Sends what is left.
   * @returns whether the server has everything; resolves when it has, or refuses it
   */
  finish(): Promise<boolean>;
}

/** As wandb does: often in the beginning, when somebody looks. */
const usualInterval = (elapsed: number) =>
  elapsed < 60_000 ? 2_000 : elapsed < 300_000 ? 10_000 : 15_000;

const longestDelay = 60_000;
/** Without a word for five minutes, a server takes a run for crashed. */
const heartbeat = 30_000;
const linesAtOnce = 500;

/** Begins to upload. */
export function startUploader(job: UploadJob, options: UploaderOptions): Uploader {
  const { interval = usualInterval, retryDelay = 1_000, say } = options;
  const begun = performance.now();
  let finishing = false;
  const pause = createPause();
  const trouble = troubleTeller(say);

  const work = async (): Promise<boolean> => {
    const sender = openSender(job, options);
    for (let failures = 0; ; ) {
      const last = finishing;
      try {
        await sender.send(last);
        trouble.over();
        if (last) return true;
        failures = 0;
        await pause.wait(interval(performance.now() - begun));
      } catch (error) {
        if (error instanceof RefusedError) {
          say(`W&B refuses the run: ${error.message}. Nothing more is uploaded; training goes on.`);
          return false;
        }
        trouble.tell(error);
        const asked = error instanceof PassingError ? (error.retryAfter ?? 0) * 1000 : 0;
        const delay = Math.max(asked, retryDelay * 2 ** failures++);
        await pause.wait(Math.min(delay, finishing ? retryDelay : longestDelay));
      }
    }
  };
  const result = work();
  return {
    finish() {
      finishing = true;
      pause.wake();
      return result;
    },
  };
}

/** Tells the first failure of a row of them, and that it is over. */
function troubleTeller(say: (line: string) => void) {
  let told = false;
  return {
    tell(error: unknown) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!told)
        say(`W&B cannot be reached (${reason}); training goes on, and the upload is tried again.`);
      told = true;
    },
    over() {
      if (told) say("W&B can be reached again.");
      told = false;
    },
  };
}

/** Sends what the server does not have. */
function openSender(job: UploadJob, { api, say }: UploaderOptions) {
  const { run, fragments, pageUrl } = job;
  const current = fragments.at(-1)!;
  const follower = followRun();
  let server: ServerRun | undefined;
  let offset = 0;
  let sentMetrics = 0;
  let sentSummary = "";
  let sentAt = Number.NEGATIVE_INFINITY;

  const register = async () => {
    for (const { file } of fragments) follower.read(file);
    server = await api.upsert(run, configOf(follower));
    sentMetrics = follower.metrics.size;
    // Rows that the server has beyond this attempt's first one were done again: they are replaced.
    offset = Math.min(run.startingStep, server.historyLines ?? run.startingStep);
    follower.forgetRows(offset);
    say(`W&B: ${pageUrl}/${server.entity}/${server.project}/runs/${run.id}`);
    return server;
  };
  const sendMedia = async (target: ServerRun) => {
    for (const path of [...follower.media]) {
      const content = readMedia(fragments, path);
      if (content) await api.putFile(target, run.id, path, content);
      follower.forgetMedia(path);
    }
  };
  const sendLines = async (target: ServerRun) => {
    for (;;) {
      const lines: string[] = [];
      for (let row = follower.rows.get(offset); row !== undefined; ) {
        lines.push(row);
        row = lines.length < linesAtOnce ? follower.rows.get(offset + lines.length) : undefined;
      }
      const summary = follower.summary();
      const files: StreamFiles = {
        ...(lines.length > 0 ? { "wandb-history.jsonl": { offset, content: lines } } : {}),
        ...(summary === sentSummary
          ? {}
          : { "wandb-summary.json": { offset: 0, content: [summary] } }),
      };
      const isNews = Object.keys(files).length > 0;
      if (!isNews && performance.now() - sentAt < heartbeat) return;
      await api.stream(target, run.id, files);
      sentAt = performance.now();
      sentSummary = summary;
      offset += lines.length;
      follower.forgetRows(offset);
    }
  };
  return {
    /** @param isLast whether the file is complete */
    async send(isLast: boolean): Promise<void> {
      const target = server ?? (await register());
      follower.read(current.file);
      await sendMedia(target);
      await sendLines(target);
      if (follower.metrics.size > sentMetrics) {
        const metrics = follower.metrics.size;
        await api.upsert(run, configOf(follower));
        sentMetrics = metrics;
      }
      if (isLast && follower.exitCode !== undefined)
        await api.complete(target, run.id, follower.exitCode);
    },
  };
}

/** The configuration as the server takes it, with the curves and what they are drawn over. */
function configOf({ config, metrics }: Follower): string {
  const curves = [...metrics].map((name) => ({ 1: name, 5: 1, 6: [1, 3], 7: [] }));
  const own = {
    cli_version: formatVersion,
    m: [{ 1: stepMetric, 6: [3], 7: [] }, ...curves],
    t: { 5: formatVersion, 9: { 1: "tunewright" }, 13: `${process.platform}-${process.arch}` },
  };
  const entries = [...config, ["_wandb", JSON.stringify(own)] as const].map(
    ([key, json]) => `${JSON.stringify(key)}:{"value":${json}}`,
  );
  return `{${entries.join(",")}}`;
}

function readMedia(fragments: readonly Fragment[], path: string): Uint8Array | undefined {
  for (const { folder } of fragments.toReversed()) {
    try {
      return readFileSync(join(folder, "files", path));
    } catch {
      // It may be of another attempt; one that is gone was uploaded and removed.
    }
  }
  return undefined;
}
