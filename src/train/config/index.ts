/** Configuration of a training run: one schema, filled from a JSON or YAML file and from flags. */
export {
  type DeviceConfig,
  type DeviceFacts,
  type OptimizerChoice,
  resolveForDevice,
} from "./device.js";
export {
  describeImported,
  type ImportedConfig,
  importConfig,
  renderImported,
} from "./importConfig.js";
export { type LoadedConfig, loadTrainingConfig } from "./load.js";
export {
  canonicalName,
  type FixedKey,
  fixedKeys,
  type InertKey,
  inertKeys,
  synonyms,
} from "./otherTrainers.js";
export { optimizerNames, schedulerTypes } from "./runFields.js";
export {
  type ConfigKey,
  describeKey,
  fieldGroups,
  isConfigKey,
  keySchemas,
  type Origin,
  type ParsedConfig,
  renderConfigHelp,
  type TrainingConfig,
  trainingSchema,
} from "./schema.js";
export { type TrackerName, trackerNames } from "./trackers.js";
