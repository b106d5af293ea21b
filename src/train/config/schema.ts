/**
 * The one configuration schema. Types, defaults, ranges and help text live on the fields; `--help`,
 * `docs/configuration.md`, the error messages and {@link TrainingConfig} come from here. The names
 * are those of Hugging Face's `TrainingArguments` and of Firefly's JSON.
 */
import { z } from "zod";
import { dataFields } from "./fieldsData.js";
import { adapterFields, modelFields, precisionFields } from "./fieldsModel.js";
import { optimizationFields } from "./fieldsOptimization.js";
import { rowFields } from "./fieldsRows.js";
import { evaluationFields, loggingFields, runFields } from "./fieldsRun.js";

/** The fields by topic, in the order in which documents and `--help` show them. */
export const fieldGroups = [
  { title: "Model", fields: modelFields },
  { title: "Data", fields: { ...dataFields, ...rowFields } },
  { title: "What is trained", fields: adapterFields },
  { title: "Number types and memory", fields: precisionFields },
  { title: "Length, optimizer, learning rate", fields: optimizationFields },
  { title: "Logging", fields: loggingFields },
  { title: "Evaluation", fields: evaluationFields },
  { title: "Run directory and checkpoints", fields: runFields },
] as const;

export const trainingSchema = z.strictObject({
  ...modelFields,
  ...dataFields,
  ...rowFields,
  ...adapterFields,
  ...precisionFields,
  ...optimizationFields,
  ...loggingFields,
  ...evaluationFields,
  ...runFields,
});

/** What the schema alone makes of a file and flags, before {@link TrainingConfig}'s derivations. */
export type ParsedConfig = z.output<typeof trainingSchema>;

/** A key of the configuration. */
export type ConfigKey = keyof ParsedConfig;

/** A complete configuration: every key has a value, and no two contradict each other. */
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

/** Whether `key` is one of the schema's. */
export function isConfigKey(key: string): key is ConfigKey {
  return Object.hasOwn(keySchemas, key);
}

/** Says in words what a key takes, such as `a number above 0`. */
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
  if (node.type === "string") return "a text";
  if (node.type === "object") {
    return `an object of ${node.additionalProperties?.type === "string" ? "texts" : "numbers"}`;
  }
  const kind = node.type === "integer" ? "a whole number" : "a number";
  const bounds: string[] = [];
  if (node.minimum !== undefined) bounds.push(`from ${node.minimum}`);
  if (node.exclusiveMinimum !== undefined) bounds.push(`above ${node.exclusiveMinimum}`);
  if (node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER)
    bounds.push(`up to ${node.maximum}`);
  if (node.exclusiveMaximum !== undefined) bounds.push(`below ${node.exclusiveMaximum}`);
  return [kind, ...bounds].join(" ");
}

function itemKinds(node: JsonSchemaNode | undefined): string {
  const kinds = (node?.anyOf ?? [node]).map((part) => `${part?.type ?? "value"}s`);
  return kinds.join(" or ");
}
