/** The folder for what is made from data files and used again: indexes and unpacked rows. */
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../../util/errors.js";
import { homeFolder } from "../../util/homeFolder.js";
import { makeFolders } from "../../util/makeFolders.js";
import { packageRoot } from "../../util/packageRoot.js";

/** Environment variable that names the folder. */
export const cacheVariable = "TUNEWRIGHT_CACHE";

/**
 * The folder, made where it is not there: what is given, else `TUNEWRIGHT_CACHE`, else the first of
 * `.tunewright/cache` in the checkout, `tunewright` in `XDG_CACHE_HOME` or `~/.cache`, and one among
 * the system's temporary files that can be written to.
 * @throws ConfigError when the folder that was asked for cannot be written to
 */
export function cacheFolder(given?: string): string {
  const asked = given ?? process.env[cacheVariable];
  if (asked) {
    const problem = writingProblem(resolve(asked));
    if (problem === undefined) return resolve(asked);
    throw new ConfigError(`${asked}: the cache folder cannot be written to`, {
      why: problem,
      todo: `set ${cacheVariable} to another folder`,
    });
  }
  const shared = process.env.XDG_CACHE_HOME || join(homeFolder(), ".cache");
  const folders = [
    join(packageRoot(), ".tunewright", "cache"),
    join(shared, "tunewright"),
    join(tmpdir(), `tunewright-cache-${process.getuid?.() ?? "user"}`),
  ];
  const folder = folders.find((candidate) => writingProblem(candidate) === undefined);
  if (folder !== undefined) return folder;
  throw new ConfigError("there is no folder for the cache of data files", {
    why: `none of ${folders.join(", ")} can be written to`,
    todo: `set ${cacheVariable} to a folder`,
  });
}

function writingProblem(folder: string): string | undefined {
  try {
    makeFolders(folder);
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
