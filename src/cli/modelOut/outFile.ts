/** A file with a model that is either whole or absent. */
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { ConfigError } from "../../util/errors.js";
import { checkOutPlace, realPath } from "../../util/outPlace.js";
import { writeAside } from "./writeAside.js";

/** Where a file is to be written. */
export interface OutFile {
  /** Absolute path. */
  path: string;
  force: boolean;
}

/**
 * Understands `--out`.
 *
 * @param suffix that the name has to end with
 * @param inputs files and folders that are read, which must not be replaced
 * @throws ConfigError where something is in the way, or the name ends with something else
 */
export function chooseOutFile(
  given: string,
  force: boolean,
  suffix: string,
  inputs: readonly string[],
): OutFile {
  const path = resolve(given);
  if (!path.endsWith(suffix)) {
    throw new ConfigError(`--out ${given} does not end with ${suffix}`, {
      why: "programs know such files by their names",
      todo: `give a name such as ${basename(path) || "model"}${suffix}`,
    });
  }
  checkOutPlace(path);
  const place = realPath(path) ?? path;
  const read = inputs.find((input) => (realPath(input) ?? resolve(input)) === place);
  if (read !== undefined) {
    throw new ConfigError(`--out ${given} is ${read}`, {
      why: "it is read while the new file is written",
      todo: "choose another name",
    });
  }
  if (!force && statSync(path, { throwIfNoEntry: false })) {
    throw new ConfigError(`${path} exists`, { todo: "choose another name, or add --force" });
  }
  return { path, force };
}

/**
 * Writes the file, as {@link writeAside} does.
 *
 * @param bytes of the weights
 */
export function writeOutFile(
  out: OutFile,
  bytes: number,
  fill: (file: string) => void,
): Promise<void> {
  return writeAside({ ...out, form: "file" }, bytes, fill);
}
