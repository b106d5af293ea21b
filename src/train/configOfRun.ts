/** The configuration of a run that is there already, for whoever wants to read rows as it does. */
import path from "node:path";
import type { DataSource } from "../data/index.js";
import { locateModel } from "../generate/index.js";
import { ConfigError } from "../util/errors.js";
import { loadTrainingConfig, type TrainingConfig } from "./config/index.js";
import { modelOptions } from "./continued.js";
import { readRunConfig } from "./runConfig/index.js";
import { type DataText, openText, resolveFiles } from "./trainingFiles.js";

/**
 * What file and flags said of a run, with the standards of this version.
 *
 * @throws ConfigError where there is no run, or this version takes other keys
 */
export function configOfRun(runDirectory: string): TrainingConfig {
  const stored = readRunConfig(runDirectory);
  if (!stored) {
    throw new ConfigError(`${runDirectory}: there is no run`, {
      why: "there is no config.json that a run has written",
      todo: "use the output_dir of a run",
    });
  }
  const isGiven = (key: string) =>
    stored.origins?.[key] === "file" || stored.origins?.[key] === "flag";
  const given = Object.entries(stored.config).filter(([key]) => isGiven(key));
  return loadTrainingConfig(undefined, Object.fromEntries(given)).config;
}

/**
 * Tokenizer and template of a run. Of a model on the hub, its weights are not fetched.
 *
 * @throws ConfigError where they cannot be found; FormatError where they are broken
 */
export async function openRunText(config: TrainingConfig): Promise<DataText> {
  const { model_name_or_path: name, adapter_name_or_path: adapters } = config;
  const place = await locateModel(name, adapters ?? [], { ...modelOptions(config), parts: "text" });
  return openText(place, config);
}

/**
 * What a configuration says of the rows of a source beside what it says of all rows.
 *
 * @param files absolute
 * @returns that of the first source with one of them; nothing where none has
 */
export async function sourceNames(
  config: TrainingConfig,
  files: readonly string[],
): Promise<Pick<DataSource, "format" | "columns" | "messageKeys" | "roles">> {
  const described = config.train_file.filter((source) => typeof source !== "string");
  const sources = (await resolveFiles(described)).filter((source) => typeof source !== "string");
  const found = sources.find((source) =>
    source.files.some((one) => files.includes(path.resolve(one))),
  );
  if (!found) return {};
  const { format, columns, messageKeys, roles } = found;
  return { ...(format === undefined ? {} : { format }), columns, messageKeys, roles };
}
