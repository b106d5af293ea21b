/** Descriptions of operators and pipelines: options with types and defaults, pipelines as YAML. */
import { stringify } from "yaml";
import { z } from "zod";
import type { CleanOperator } from "./operator.js";
import { operatorNamed, type PipelineStep } from "./pipeline.js";

export interface OptionDescription {
  name: string;
  /** `number`, `integer`, `string`, `true or false`, `list of string`, or the possible values. */
  type: string;
  /** Undefined if it is optional without a default. */
  default: unknown;
  description: string;
}

interface JsonProperty {
  type?: string;
  enum?: readonly string[];
  const?: unknown;
  items?: JsonProperty;
  anyOf?: readonly JsonProperty[];
  default?: unknown;
  description?: string;
}

/** An operator's options in their order, read from its schema. */
export function describeOptions({ options }: CleanOperator): OptionDescription[] {
  const schema = z.toJSONSchema(options, { io: "input", unrepresentable: "any" });
  const properties = (schema.properties ?? {}) as Record<string, JsonProperty>;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    type: typeName(property),
    default: property.default,
    description: property.description ?? "",
  }));
}

/** A pipeline as YAML for `--config`, with the values of all options. */
export function explainPipeline(steps: readonly PipelineStep[]): string {
  const entries = steps.map(({ operator, options }) => {
    const { summary } = operatorNamed(operator, "pipeline");
    const entry = stringify([{ [operator]: options }], { lineWidth: 0 });
    return `  # ${summary}\n${entry.replace(/^(?=.)/gm, "  ")}`;
  });
  return `operators:\n${entries.join("")}`;
}

function typeName({ type, enum: values, const: only, items, anyOf }: JsonProperty): string {
  if (values) return values.join(" | ");
  if (only !== undefined) return String(only);
  if (anyOf) return anyOf.map(typeName).join(" or ");
  if (type === "array") return items ? `list of ${typeName(items)}` : "list";
  if (type === "string") return "string";
  if (type === "boolean") return "true or false";
  if (type === "integer") return "integer";
  if (type === "object") return "names with values";
  return type ?? "any";
}

/** Operators with their options as a table in Markdown, for the docs. */
export function operatorTable(operators: readonly CleanOperator[]): string {
  const rows = operators.map((operator) => {
    const options = describeOptions(operator).map(({ name, default: value, type }) => {
      const long = Array.isArray(value) && value.length > 4;
      const shown = long
        ? `${value.length} ${type.replace("list of ", "")}s`
        : JSON.stringify(value);
      return `\`${name}\` ${shown ?? "none"}`;
    });
    return `| \`${operator.name}\` | ${operator.summary} | ${options.join(", ")} |`;
  });
  return [
    "| operator | what it does | options and their defaults |",
    "|---|---|---|",
    ...rows,
  ].join("\n");
}
