/**
 * The one configuration schema. Each key has its type, default, range and help text in
 * `modelFields.ts` or `runFields.ts`; `--help`, `docs/configuration.md`, error messages and
 * {@link TrainingConfig} are all derived from them. The names are those of Hugging Face's
 * `TrainingArguments` and of Firefly's JSON.
 */
import { z } from "zod";
import { adapterFields, dataFields, modelFields, precisionFields } from "./modelFields.js";
import { evaluationFields, loggingFields, optimizationFields, runFields } from "./runFields.js";
import { watchFields } from "./watchFields.js";

/** The keys by topic, in the order in which the documentation and `--help` show them. */
export const fieldGroups = [
  { title: "Model", fields: modelFields },
  { title: "Data", fields: dataFields },
  { title: "Training method", fields: adapterFields },
  { title: "Number types and memory", fields: precisionFields },
  { title: "Duration, optimizer, learning rate", fields: optimizationFields },
  { title: "Logging", fields: loggingFields },
  { title: "Evaluation", fields: evaluationFields },
  { title: "Watching", fields: watchFields },
  { title: "Run directory and checkpoints", fields: runFields },
] as const;

export const trainingSchema = z.strictObject({
  ...modelFields,
  ...dataFields,
  ...adapterFields,
  ...precisionFields,
  ...optimizationFields,
  ...loggingFields,
  ...evaluationFields,
  ...watchFields,
  ...runFields,
});

/** The values after parsing, before {@link TrainingConfig} fills in what follows from other keys. */
export type ParsedConfig = z.output<typeof trainingSchema>;

/** A key of the configuration. */
export type ConfigKey = keyof ParsedConfig;

/** A complete configuration: every key has a value, and no keys contradict each other. */
export interface TrainingConfig extends Omit<ParsedConfig, "train_mode" | "bits" | "data_seed"> {
  train_mode: "full" | "lora" | "qlora";
  /** 4 in mode `qlora`, else 16 with `bf16` or `fp16`, else 32. */
  bits: 4 | 16 | 32;
  data_seed: number;
  /** `null` in mode `full`, a number otherwise. */
  lora_rank: number | null;
}

/** Where a value came from; `derived` values follow from other keys. */
export type Origin = "default" | "file" | "flag" | "derived";

interface JsonSchemaNode {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchemaNode[];
  items?: JsonSchemaNode;
  additionalProperties?: JsonSchemaNode;
  minItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  default?: unknown;
  description?: string;
}

/** JSON schema of each key. */
export const keySchemas = z.toJSONSchema(trainingSchema, { io: "output" }).properties as Record<
  ConfigKey,
  JsonSchemaNode
>;

/** Whether `key` is in the schema. */
export function isConfigKey(key: string): key is ConfigKey {
  return Object.hasOwn(keySchemas, key);
}

/** The values that a key accepts, in words, for example `a number > 0`. */
export function describeKey(key: ConfigKey): string {
  return describe(keySchemas[key]);
}

function describe(node: JsonSchemaNode): string {
  if (node.anyOf) {
    const parts = node.anyOf.filter((part) => part.type !== "null").map(describe);
    return [...new Set(parts)].join(", or ");
  }
  if (node.enum) return node.enum.join(" | ");
  if (node.const !== undefined) return String(node.const);
  if (node.type === "array")
    return `a ${node.minItems ? "non-empty " : ""}list of ${itemKinds(node.items)}`;
  if (node.type === "boolean") return "true or false";
  if (node.type === "string") return "a string";
  if (node.type === "object") {
    const kind = node.additionalProperties?.type;
    return `an object of ${kind === undefined ? "value" : kind}s`;
  }
  const kind = node.type === "integer" ? "an integer" : "a number";
  const bounds: string[] = [];
  if (node.minimum !== undefined) bounds.push(`>= ${node.minimum}`);
  if (node.exclusiveMinimum !== undefined) bounds.push(`> ${node.exclusiveMinimum}`);
  if (node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER)
    bounds.push(`<= ${node.maximum}`);
  if (node.exclusiveMaximum !== undefined) bounds.push(`< ${node.exclusiveMaximum}`);
  return [kind, bounds.join(" and ")].filter(Boolean).join(" ");
}

function itemKinds(node: JsonSchemaNode | undefined): string {
  const kinds = (node?.anyOf ?? [node]).map((part) => `${part?.type ?? "value"}s`);
  return kinds.join(" or ");
}

/** Every key with its default and help text, by topic: the end of `./tunewright train --help`. */
export function renderConfigHelp(): string {
  return fieldGroups
    .map(({ title, fields }) => {
      const lines = Object.keys(fields).map((key) => describeLine(key as ConfigKey));
      return [`${title}:`, ...lines].join("\n");
    })
    .join("\n\n");
}

function describeLine(key: ConfigKey): string {
  const { default: standard, description = "" } = keySchemas[key];
  const shown = standard === undefined ? "required" : `default ${JSON.stringify(standard)}`;
  const suffix = standard === null || shown === "default []" ? "" : `, ${shown}`;
  return `  --${key.replaceAll("_", "-")}  (${describeKey(key)}${suffix})\n      ${description}`;
}
