/** A run file that is written, and W&B's server: what the server lacks of the file is sent to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "../../../util/packageRoot.js";
import type { UploadSession } from "../../upload/index.js";
import type { Fragment } from "../fragments.js";
import { formatVersion, type RunFacts, stepMetric } from "../records.js";
import type { WandbSettings } from "../settings.js";
import type { ServerAccess, ServerRun, StreamFiles, WandbApi } from "./api.js";
import { type Follower, followRun } from "./follow.js";

/** What is uploaded, and where to; plain data for another thread. */
export interface WandbUpload {
  readonly access: ServerAccess;
  readonly run: RunFacts;
  /** The attempts; the last one is being written. */
  readonly fragments: readonly Fragment[];
  /** Where people look at runs. */
  readonly pageUrl: string;
}

export function uploadTask(
  { baseUrl, pageUrl, apiKey = "" }: WandbSettings,
  run: RunFacts,
  fragments: readonly Fragment[],
): WandbUpload {
  return { access: { baseUrl, apiKey, version: packageVersion() }, run, fragments, pageUrl };
}

/** Without a word for five minutes, a server takes a run for crashed. */
const heartbeat = 30_000;
const linesAtOnce = 500;

/** Milliseconds between two looks at the file: often in the beginning, when somebody looks, as wandb does. */
const intervalAfter = (elapsed: number) =>
  elapsed < 60_000 ? 2_000 : elapsed < 300_000 ? 10_000 : 15_000;

/** Begins to read; nothing is sent before the first `sync`. */
export function openWandbSession(
  { run, fragments, pageUrl }: Omit<WandbUpload, "access">,
  api: WandbApi,
  say: (line: string) => void,
): UploadSession {
  const current = fragments.at(-1)!;
  const follower = followRun();
  let server: ServerRun | undefined;
  let page: string | undefined;
  let offset = 0;
  let batches = 0;
  let sentMetrics = 0;
  let sentSummary = "";
  let sentAt = Number.NEGATIVE_INFINITY;
  let isComplete = false;

  const register = async () => {
    for (const { file } of fragments) follower.read(file);
    server = await api.upsert(run, configOf(follower));
    sentMetrics = follower.metrics.size;
    // Rows that the server has beyond this attempt's first one were done again: they are replaced.
    offset = Math.min(run.startingStep, server.historyLines ?? run.startingStep);
    follower.forgetRows(offset);
    page = `${pageUrl}/${server.entity}/${server.project}/runs/${run.id}`;
    say(page);
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
      batches += 1;
      sentAt = performance.now();
      sentSummary = summary;
      offset += lines.length;
      follower.forgetRows(offset);
    }
  };
  return {
    intervalAfter,
    get page() {
      return page;
    },
    get batches() {
      return batches;
    },
    async sync() {
      const target = server ?? (await register());
      follower.read(current.file);
      await sendMedia(target);
      await sendLines(target);
      if (follower.metrics.size > sentMetrics) {
        const metrics = follower.metrics.size;
        await api.upsert(run, configOf(follower));
        sentMetrics = metrics;
      }
      if (follower.exitCode === undefined || isComplete) return;
      await api.complete(target, run.id, follower.exitCode);
      isComplete = true;
    },
    countLeft() {
      follower.read(current.file);
      return Math.max(1, follower.rows.size);
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
