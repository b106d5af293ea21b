/** Files of a repository of the hub: found in the cache or brought there. */
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
  /** Takes the place of `HF_HUB_CACHE`. */
  cacheDirectory?: string | undefined;
  /** Default: stderr. */
  report?: HubReport | undefined;
  /** Takes the place of what the environment says. */
  settings?: HubSettings | undefined;
  /** Nothing is downloaded but what `choose` reads. */
  remote?: boolean | undefined;
}

export interface FetchedFiles {
  /** The folder of the commit's files. */
  folder: string;
  /** Those that were chosen, relative to `folder`. */
  files: string[];
  /** The same as absolute paths, or where they are not here as addresses. */
  places: string[];
}

/**
 * Says which files are wanted.
 * @param paths all files that there are, sorted
 * @param read brings one of them and gives its text
 */
export type ChooseFiles = (
  paths: readonly string[],
  read: (path: string) => Promise<string>,
) => readonly string[] | Promise<readonly string[]>;

/**
 * Brings files of a repository into the cache. A commit that is there already costs no request, a
 * branch one; without a network the state of the last time is used, and that is said.
 *
 * @throws ConfigError (a model) or DataError (a data set) for what is not there
 * @throws EnvironmentError where network, rights or disk do not allow it
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
        `${kindOf(repository)} ${showRepository(repository)} is in the cache in part only`,
        {
          why: `${what}, and ${settings.offline ? "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set" : "the hub cannot be reached"}`,
          todo: "go on with the download where there is a network",
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
          why: "another file of the repository says that it has",
          todo: "tell the owner of the repository, or name another revision",
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
      // Without a list of what there is, what is not in the cache may be on the hub.
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
