/** Configuration of a training run: one schema, fed by JSON, YAML and flags. */
export {
  type DeviceConfig,
  type DeviceFacts,
  type OptimizerChoice,
  resolveForDevice,
} from "./device.js";
export { optimizerNames, schedulerTypes } from "./fieldsOptimization.js";
export { type FixedKey, fixedKeys } from "./fixedKeys.js";
export { renderConfigHelp } from "./help.js";
export { type InertKey, inertKeys } from "./inertKeys.js";
export { type LoadedConfig, loadTrainingConfig } from "./load.js";
export { canonicalName, synonyms } from "./names.js";
export {
  type ConfigKey,
  describeKey,
  fieldGroups,
  isConfigKey,
  keySchemas,
  type Origin,
  type ParsedConfig,
  type TrainingConfig,
  trainingSchema,
} from "./schema.js";
