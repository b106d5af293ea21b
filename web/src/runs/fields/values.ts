/** Values of a form: how they are typed and read, and what a file of them looks like. */
import type { ConfigForm, FormField } from "../../../../src/serve/schema";

/** Values that differ from the defaults, by key. */
export type Values = Readonly<Record<string, unknown>>;

/** What was typed into fields and is no value of theirs, by key. */
export type Drafts = Readonly<Record<string, string>>;

export function fieldsOf(form: ConfigForm): FormField[] {
  return form.sections.flatMap(({ fields }) => fields);
}

/** A value as it stands in a text field. */
export function typed(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object"))
    return value.join("\n");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What is wrong with a text, by name. */
export type Fault = "number" | "integer" | "json" | "small" | "large" | "empty";

/**
 * The value that a text stands for. Lists have an item a line.
 *
 * @returns the value, or what is wrong with the text
 */
export function parsed(field: FormField, text: string): { value: unknown } | { fault: Fault } {
  const trimmed = text.trim();
  if (trimmed === "" && field.kind !== "list") {
    return field.nullable ? { value: null } : { fault: "empty" };
  }
  switch (field.kind) {
    case "number":
    case "integer":
      return parsedNumber(field, trimmed);
    case "list":
      return {
        value: text
          .split("\n")
          .map(scalar)
          .filter((item) => item !== ""),
      };
    case "json":
      try {
        return { value: JSON.parse(trimmed) as unknown };
      } catch {
        return { fault: "json" };
      }
    default:
      return { value: text };
  }
}

function parsedNumber(
  { kind, minimum, maximum }: FormField,
  text: string,
): { value: number } | { fault: Fault } {
  const value = Number(text);
  if (!Number.isFinite(value)) return { fault: "number" };
  if (kind === "integer" && !Number.isInteger(value)) return { fault: "integer" };
  if (minimum !== null && value < minimum) return { fault: "small" };
  if (maximum !== null && value > maximum) return { fault: "large" };
  return { value };
}

/** `1e-4` is a number in a list, everything else a text. */
function scalar(text: string): string | number | boolean {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** The values with one changed; a default needs no place among them. */
export function withValue(values: Values, field: FormField, value: unknown): Values {
  const { [field.key]: _before, ...others } = values;
  return isSame(value, field.default) ? others : { ...others, [field.key]: value };
}

/** As a YAML file. JSON's scalars and flow lists are YAML, so that nothing needs another quoting. */
export function yamlOf(values: Values): string {
  const lines = Object.entries(values).map(([key, value]) => `${key}: ${yamlValue(value)}`);
  return lines.join("\n");
}

function yamlValue(value: unknown): string {
  const isPlain = typeof value === "string" && /^[\p{L}/.][\p{L}\p{N}_./-]*$/u.test(value);
  const isWord = isPlain && !/^(true|false|null|yes|no|on|off|y|n|~)$/i.test(value);
  return isWord ? value : JSON.stringify(value);
}

/** Texts by key with one changed, or without it for null. */
export function withDraft(drafts: Drafts, key: string, text: string | null): Drafts {
  const { [key]: _before, ...others } = drafts;
  return text === null ? others : { ...others, [key]: text };
}
