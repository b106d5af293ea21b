/** Files of a repository of the hub: found in the cache or brought there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EnvironmentError, TunewrightError } from "../errors.js";
import {
  checkFile,
  type HubFile,
  isCommit,
  linkContent,
  listSnapshot,
  readRef,
  readTree,
  repositoryFolder,
  snapshotFolder,
  writeRef,
  writeTree,
} from "./cache.js";
import { download } from "./download.js";
import { explainHubError, kindOf } from "./explain.js";
import { type RepositoryName, showRepository } from "./name.js";
import { type HubReport, showBytes, stderrReport } from "./report.js";
import { AnswerError, ConnectionError, hubFetch } from "./request.js";
import { type HubSettings, hubSettings } from "./settings.js";

export interface HubOptions {
  /** Takes the place of `HF_HUB_CACHE`. */
  cacheDirectory?: string | undefined;
  /** Default: stderr. */
  report?: HubReport | undefined;
  /** Takes the place of what the environment says. */
  settings?: HubSettings | undefined;
}

export interface FetchedFiles {
  commit: string;
  /** The folder of the commit's files. */
  folder: string;
  /** Those that were chosen, relative to `folder`. */
  files: string[];
}

const filesAtOnce = 4;

/**
 * Brings files of a repository into the cache. A commit that is there already costs no request, a
 * branch one; without a network the state of the last time is used, and that is said.
 *
 * @param choose the files that are wanted, of all that there are
 * @throws ConfigError (a model) or DataError (a data set) for what is not there
 * @throws EnvironmentError where network, rights or disk do not allow it
 */
export async function fetchRepository(
  repository: RepositoryName,
  choose: (paths: readonly string[]) => readonly string[],
  options: HubOptions = {},
): Promise<FetchedFiles> {
  const settings = options.settings ?? hubSettings(options.cacheDirectory);
  const report = options.report ?? stderrReport();
  const home = repositoryFolder(settings.cache, repository);
  try {
    const state = await findState(repository, home, settings, report);
    const folder = snapshotFolder(home, state.commit);
    const byPath = new Map(state.tree?.map((file) => [file.path, file]));
    const files = state.tree
      ? [...choose([...byPath.keys()].sort())]
      : chooseOfPart(repository, choose, listSnapshot(home, state.commit), settings);
    const missing = files.filter((path) => !existsSync(join(folder, path)));
    if (missing.length > 0 && !state.online) {
      const others = missing.length > 1 ? ` and ${missing.length - 1} more are` : " is";
      throw incomplete(repository, `${missing[0]}${others} missing`, settings);
    }
    await fetchAll(
      repository,
      state.commit,
      missing.map((path) => byPath.get(path)!),
      {
        settings,
        report,
        home,
      },
    );
    if (state.online) await writeRef(home, repository.revision, state.commit).catch(() => {});
    return { commit: state.commit, folder, files };
  } catch (error) {
    throw explainHubError(error, repository, settings);
  } finally {
    report.end();
  }
}

interface RepositoryState {
  commit: string;
  /** Undefined where the network would have to be asked and is not there. */
  tree: HubFile[] | undefined;
  online: boolean;
}

async function findState(
  repository: RepositoryName,
  home: string,
  settings: HubSettings,
  report: HubReport,
): Promise<RepositoryState> {
  const { revision } = repository;
  const known = readRef(home, revision);
  const usable = known !== undefined && existsSync(snapshotFolder(home, known));
  const cached = async () => {
    return { commit: known!, tree: await readTree(home, known!), online: false };
  };
  if (settings.offline) {
    if (usable) return cached();
    throw new EnvironmentError(
      `${kindOf(repository)} ${showRepository(repository)} is no path here and not in the cache`,
      {
        why: `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and ${home} does not hold it`,
        todo: "unset it, or download on a machine with a network and copy the folder here",
      },
    );
  }
  // What is in the cache is an answer too: then the network is asked once only.
  const fetch = hubFetch(settings, usable ? 1 : 4);
  try {
    const commit = isCommit(revision) ? revision : await askCommit(repository, settings, fetch);
    const tree =
      (await readTree(home, commit)) ?? (await askTree(repository, commit, home, settings, fetch));
    return { commit, tree, online: true };
  } catch (error) {
    const passing = error instanceof AnswerError && error.status >= 500;
    if (!usable || !(error instanceof ConnectionError || passing)) throw error;
    report.say(
      `${showRepository(repository)}: the hub cannot be reached (${error.message}); using the files of the last time`,
    );
    return cached();
  }
}

async function askCommit(
  { type, name, revision }: RepositoryName,
  { endpoint: hubUrl }: HubSettings,
  fetch: typeof globalThis.fetch,
): Promise<string> {
  const { datasetInfo, modelInfo } = await import("@huggingface/hub");
  const question = { name, revision, hubUrl, fetch };
  const { sha } =
    type === "dataset"
      ? await datasetInfo({ ...question, additionalFields: ["sha"] })
      : await modelInfo({ ...question, additionalFields: ["sha"] });
  if (isCommit(sha)) return sha;
  throw new EnvironmentError(`${hubUrl} does not say which commit ${name} is at`, {
    todo: "check that HF_ENDPOINT is the address of a hub",
  });
}

async function askTree(
  { type, name }: RepositoryName,
  commit: string,
  home: string,
  { endpoint: hubUrl }: HubSettings,
  fetch: typeof globalThis.fetch,
): Promise<HubFile[]> {
  const { listFiles } = await import("@huggingface/hub");
  const files: (HubFile & { blobId: string })[] = [];
  const listing = listFiles({
    repo: { type, name },
    revision: commit,
    recursive: true,
    hubUrl,
    fetch,
  });
  for await (const { type: kind, path, size, oid = "", lfs } of listing) {
    if (kind !== "file") continue;
    const file = checkFile({ path, size: lfs?.size ?? size, hash: lfs?.oid ?? oid });
    files.push({ ...file, blobId: oid });
  }
  await writeTree(home, commit, files).catch(() => {}); // A cache that is read-only still reads.
  return files;
}

async function fetchAll(
  repository: RepositoryName,
  commit: string,
  files: readonly HubFile[],
  { settings, report, home }: { settings: HubSettings; report: HubReport; home: string },
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

function fileAddress(
  { type, name }: RepositoryName,
  commit: string,
  path: string,
  { endpoint }: HubSettings,
): string {
  const kind = type === "dataset" ? "datasets/" : "";
  const parts = path.split("/").map(encodeURIComponent);
  return `${endpoint}/${kind}${name}/resolve/${commit}/${parts.join("/")}`;
}

/** What the cache holds without a list of what there is: where it does not do, more may be missing. */
function chooseOfPart(
  repository: RepositoryName,
  choose: (paths: readonly string[]) => readonly string[],
  there: readonly string[],
  settings: HubSettings,
): string[] {
  try {
    return [...choose(there)];
  } catch (cause) {
    if (!(cause instanceof TunewrightError)) throw cause;
    throw incomplete(repository, cause.message, settings, cause);
  }
}

function incomplete(
  repository: RepositoryName,
  missing: string,
  { offline }: HubSettings,
  cause?: unknown,
): Error {
  const reason = offline
    ? "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set"
    : "the hub cannot be reached";
  return new EnvironmentError(
    `${kindOf(repository)} ${showRepository(repository)} is in the cache in part only`,
    {
      why: `${missing}, and ${reason}`,
      todo: "go on with the download where there is a network",
      cause,
    },
  );
}
