/** Finds files of a repository of the hub in the cache, or downloads them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentError, FormatError, TunewrightError } from "../util/errors.js";
import { listSnapshot, repositoryFolder, snapshotFolder, writeRef } from "./cache.js";
import { fetchContents, fileAddress } from "./contents.js";
import { explainHubError, kindOf } from "./explain.js";
import { type RepositoryName, showRepository } from "./name.js";
import { type HubReport, stderrReport } from "./report.js";
import { type HubSettings, hubSettings } from "./settings.js";
import { findState } from "./state.js";

export interface HubOptions {
  /** Used instead of `HF_HUB_CACHE`. */
  cacheDirectory?: string | undefined;
  /** Default: stderr. */
  report?: HubReport | undefined;
  /** Used instead of the settings from the environment. */
  settings?: HubSettings | undefined;
  /** Download only what `choose` reads. */
  remote?: boolean | undefined;
}

export interface FetchedFiles {
  /** The folder with the files of the commit. */
  folder: string;
  /** The chosen files, relative to `folder`. */
  files: string[];
  /** The same as absolute paths, or as URLs if they were not downloaded. */
  places: string[];
}

/**
 * Chooses the files to download.
 * @param paths all files of the repository, sorted
 * @param read downloads one of them and returns its text
 */
export type ChooseFiles = (
  paths: readonly string[],
  read: (path: string) => Promise<string>,
) => readonly string[] | Promise<readonly string[]>;

/**
 * Downloads files of a repository into the cache. A cached commit takes no request, a cached branch
 * takes one; without a network the last known state is used, with a message that says so.
 *
 * @throws ConfigError (for a model) or DataError (for a data set) if something does not exist
 * @throws EnvironmentError if the network, permissions or the disk prevent it
 */
export async function fetchRepository(
  repository: RepositoryName,
  choose: ChooseFiles,
  options: HubOptions = {},
): Promise<FetchedFiles> {
  const settings = options.settings ?? hubSettings(options.cacheDirectory);
  const report = options.report ?? stderrReport();
  const home = repositoryFolder(settings.cache, repository);
  try {
    const { commit, tree, online } = await findState(repository, home, settings, report);
    const folder = snapshotFolder(home, commit);
    const listed = new Map(tree?.map((file) => [file.path, file]));
    const partOnly = (what: string, cause?: unknown) => {
      return new EnvironmentError(
        `${kindOf(repository)} ${showRepository(repository)} is only partly in the cache`,
        {
          why: `${what}, and ${settings.offline ? "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set" : "the hub cannot be reached"}`,
          todo: "run this again with a network connection to complete the download",
          cause,
        },
      );
    };
    const bring = async (paths: readonly string[], quiet: boolean) => {
      const missing = paths.filter((path) => !existsSync(join(folder, path)));
      const [first, ...others] = missing;
      if (first !== undefined && !online) {
        throw partOnly(
          `${first}${others.length > 0 ? ` and ${others.length} more are` : " is"} missing`,
        );
      }
      const wanted = missing.map((path) => {
        const file = listed.get(path);
        if (file) return file;
        throw new FormatError(`${showRepository(repository)} has no file ${path}`, {
          why: "another file of the repository refers to it",
          todo: "inform the owner of the repository, or use another revision",
        });
      });
      const reporting = quiet ? { ...report, say() {} } : report;
      await fetchContents(repository, commit, wanted, { settings, report: reporting, home });
    };
    const read = async (path: string) => {
      await bring([path], true);
      return readFile(join(folder, path), "utf8");
    };
    let files: readonly string[];
    try {
      files = await choose(tree ? [...listed.keys()].sort() : listSnapshot(home, commit), read);
    } catch (error) {
      // Without a list of files, a file that is not in the cache may still be on the hub.
      if (tree || !(error instanceof TunewrightError)) throw error;
      throw partOnly(error.message, error);
    }
    if (!options.remote || !online) await bring(files, false);
    const places = files.map((path) => {
      const local = join(folder, path);
      return existsSync(local) ? local : fileAddress(repository, commit, path, settings);
    });
    if (online) await writeRef(home, repository.revision, commit).catch(() => {});
    return { folder, files: [...files], places };
  } catch (error) {
    throw explainHubError(error, repository, settings);
  } finally {
    report.end();
  }
}
