/** The settings that a checkpoint was trained with, also where it is too old to hold them itself. */
import { existsSync } from "node:fs";
import path from "node:path";
import { type AdapterConfig, isAdapterDirectory, readAdapterConfig } from "../../lora/index.js";
import { ConfigError } from "../../util/errors.js";
import type { LoadedConfig, TrainingConfig } from "../config/index.js";
import { readRunConfig } from "../runConfig/index.js";
import { compareSettings, type StoredSettings } from "./changedSettings.js";
import type { Differences } from "./differences.js";
import { type RunRecord, readRunRecord } from "./record.js";

/**
 * Compares the configuration with a checkpoint's.
 *
 * @param checkpoint its directory
 * @param processes that train together now
 * @returns what differs, and the checkpoint's record, where it has one
 * @throws CheckpointError where the record cannot be read
 */
export function compareCheckpoint(
  checkpoint: string,
  loaded: Pick<LoadedConfig, "config" | "origins">,
  processes: number,
): { found: Differences; record: RunRecord | undefined } {
  const record = readRunRecord(checkpoint);
  if (!record) return { record, found: compareOldCheckpoint(checkpoint, loaded) };
  const found = compareSettings(record.config, loaded);
  if (record.processes !== processes) {
    found.refusals.push(
      new ConfigError(
        `The checkpoint was trained in ${record.processes} processes, and now there are ${processes}`,
        {
          why: "which rows lie behind it is counted in steps of all processes together",
          todo: `start ${record.processes} processes, or start a new run in another output_dir`,
        },
      ),
    );
  }
  return { record, found };
}

/** Before checkpoints had a record, there were the files of the adapter and of the run around them. */
function compareOldCheckpoint(
  checkpoint: string,
  loaded: Pick<LoadedConfig, "config" | "origins">,
): Differences {
  const home = path.dirname(path.resolve(checkpoint));
  const ofRun = readRunConfig(home)?.config;
  const ofWeights = settingsOfWeights(checkpoint, ofRun, loaded.config);
  const found = compareSettings({ ...ofRun, ...ofWeights }, loaded, ofRun === undefined);
  const known = [
    ...(ofRun ? [path.join(home, "config.json")] : []),
    ...(isAdapterDirectory(checkpoint) ? ["its adapter_config.json"] : []),
  ];
  const compared = known.length > 0 ? `Settings were compared with ${known.join(" and ")}; ` : "";
  const rest = ofRun ? "" : ", nor can other settings";
  found.lines.push(
    `${path.basename(checkpoint)} was saved by an earlier version. ${compared}whether the data, the model and the tokenizer are as they were cannot be told${rest}.`,
  );
  return found;
}

/** What the weights themselves tell. @param ofRun settings that are known otherwise */
function settingsOfWeights(
  checkpoint: string,
  ofRun: StoredSettings | undefined,
  config: TrainingConfig,
): StoredSettings {
  if (!isAdapterDirectory(checkpoint)) {
    return existsSync(path.join(checkpoint, "config.json")) ? { train_mode: "full" } : {};
  }
  const adapter = readAdapterConfig(checkpoint);
  const mode = ofRun?.train_mode ?? (config.train_mode === "qlora" ? "qlora" : "lora");
  const startsFromAdapter =
    (ofRun?.adapter_name_or_path ?? config.adapter_name_or_path) !== null ||
    isAdapterDirectory(config.model_name_or_path);
  // What is not said of an adapter that training went on from is not in the configuration.
  const shape = startsFromAdapter ? {} : shapeOf(adapter);
  const { r, lora_alpha, lora_dropout } = adapter;
  return { ...shape, train_mode: mode, lora_rank: r, lora_alpha, lora_dropout };
}

function shapeOf(adapter: AdapterConfig): StoredSettings {
  const { use_rslora, use_dora, lora_bias, bias, rank_pattern, alpha_pattern } = adapter;
  const { modules_to_save, trainable_token_indices, ensure_weight_tying, init_lora_weights } =
    adapter;
  return {
    use_rslora,
    use_dora,
    lora_bias,
    bias,
    rank_pattern,
    alpha_pattern,
    modules_to_save,
    trainable_token_indices,
    ensure_weight_tying,
    init_lora_weights,
  };
}
