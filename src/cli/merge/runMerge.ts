/** Merges adapters into their model, and compares both. */
import { locateModel } from "../../generate/index.js";
import { ConfigError } from "../../util/errors.js";
import type { ModelOutFlags } from "../modelOut/options.js";
import { type ModelReport, writeFolder } from "../modelOut/writeFolder.js";

/**
 * @param say for what happens and should be known, a line each
 * @throws ConfigError, FormatError, EnvironmentError where something is missing, does not fit or has no room
 */
export async function runMerge(
  flags: ModelOutFlags,
  say: (line: string) => void,
): Promise<ModelReport> {
  const place = await locateModel(flags.model, flags.adapter);
  if (place.adapters.length === 0) {
    throw new ConfigError("there is no adapter to merge", {
      why: `${flags.model} is a model without adapters`,
      todo: "add --adapter DIR, or give the directory of a run that trained one as --model",
    });
  }
  return writeFolder(place, flags, { say });
}
