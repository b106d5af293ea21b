/** The commit and the files of a repository, from the hub or from the cache. */
import { existsSync } from "node:fs";
import { EnvironmentError } from "../util/errors.js";
import { askCommit, listFiles } from "./api.js";
import { type HubFile, isCommit, readRef, readTree, snapshotFolder, writeTree } from "./cache.js";
import { kindOf } from "./explain.js";
import { type RepositoryName, showRepository } from "./name.js";
import type { HubReport } from "./report.js";
import { AnswerError, ConnectionError } from "./request.js";
import type { HubSettings } from "./settings.js";

export interface RepositoryState {
  commit: string;
  /** Undefined if this needs the network and there is none. */
  tree: HubFile[] | undefined;
  online: boolean;
}

/**
 * @param home the folder of the repository in the cache
 * @throws AnswerError, ConnectionError, EnvironmentError if neither the hub nor the cache has it
 */
export async function findState(
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
      `${kindOf(repository)} ${showRepository(repository)} is neither a local path nor in the cache`,
      {
        why: `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and it is not in ${home}`,
        todo: "unset it, or download it on a machine with a network connection and copy the folder here",
      },
    );
  }
  // If the cache has it, a single attempt is enough.
  const attempts = usable ? 1 : 4;
  try {
    const commit = isCommit(revision) ? revision : await askCommit(repository, settings, attempts);
    let tree: HubFile[] | undefined = await readTree(home, commit);
    if (!tree) {
      const listed = await listFiles(repository, commit, settings, attempts);
      await writeTree(home, commit, listed).catch(() => {}); // The cache may be read-only.
      tree = listed;
    }
    return { commit, tree, online: true };
  } catch (error) {
    const passing = error instanceof AnswerError && error.status >= 500;
    if (!usable || !(error instanceof ConnectionError || passing)) throw error;
    report.say(
      `${showRepository(repository)}: the hub cannot be reached (${error.message}); using the cached files`,
    );
    return cached();
  }
}
