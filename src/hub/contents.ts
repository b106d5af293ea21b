/** Downloads files of a commit and links them under their names. */
import { join } from "node:path";
import { showBytes } from "../util/showBytes.js";
import { type HubFile, linkContent, snapshotFolder } from "./cache.js";
import { download } from "./download.js";
import { type RepositoryName, showRepository } from "./name.js";
import type { HubReport } from "./report.js";
import type { HubSettings } from "./settings.js";

export interface ContentsOptions {
  settings: HubSettings;
  report: HubReport;
  /** The folder of the repository in the cache. */
  home: string;
}

const filesAtOnce = 4;

/**
 * Downloads files of one commit, several in parallel, and links them into its folder.
 * @throws AnswerError, ConnectionError, EnvironmentError as {@link download} does
 */
export async function fetchContents(
  repository: RepositoryName,
  commit: string,
  files: readonly HubFile[],
  { settings, report, home }: ContentsOptions,
): Promise<void> {
  if (files.length === 0) return;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const shown = showRepository(repository);
  const count = files.length === 1 ? files[0]!.path : `${files.length} files`;
  report.say(`downloading ${shown}: ${count}, ${showBytes(total)}`);
  const arrived = new Map<string, number>();
  const queue = [...files];
  const fetchNext = async (): Promise<void> => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const { path, size, hash } = file;
      const blob = join(home, "blobs", hash);
      const onBytes = (bytes: number) => {
        arrived.set(path, bytes);
        report.progress(
          shown,
          [...arrived.values()].reduce((sum, part) => sum + part, 0),
          total,
        );
      };
      await download(
        { url: fileAddress(repository, commit, path, settings), target: blob, size, hash, onBytes },
        settings,
      );
      onBytes(size);
      await linkContent(blob, join(snapshotFolder(home, commit), path));
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: filesAtOnce }, () => fetchNext().finally(() => queue.splice(0))),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** The URL of a file of a commit. */
export function fileAddress(
  { type, name }: RepositoryName,
  commit: string,
  path: string,
  { endpoint }: HubSettings,
): string {
  const kind = type === "dataset" ? "datasets/" : "";
  const parts = path.split("/").map(encodeURIComponent);
  return `${endpoint}/${kind}${name}/resolve/${commit}/${parts.join("/")}`;
}
