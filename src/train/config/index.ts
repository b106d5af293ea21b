/** Configuration of a training run: one schema, fed by JSON, YAML and flags. */
export { optimizerNames, schedulerTypes } from "./fields-optimization.js";
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
