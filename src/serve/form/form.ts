/** The form of a configuration, made from its schema: types, ranges, choices, standards and help. */
import { type ConfigKey, describeKey, keySchemas } from "../../train/config/index.js";
import type { ConfigForm, FormField } from "../schema.js";
import { dataKeys, modelKeys, sections } from "./keys.js";

type Node = (typeof keySchemas)[ConfigKey];

/** Every key that a request may set. @param only some of them, such as those that may change on resuming */
export function describeForm(only: (key: ConfigKey) => boolean = () => true): ConfigForm {
  const shown = sections().map(({ id, essential, keys }) => ({
    id,
    essential,
    fields: keys.filter(only).map(describeField),
  }));
  return { sections: shown.filter(({ fields }) => fields.length > 0) };
}

function describeField(key: ConfigKey): FormField {
  const schema = keySchemas[key];
  const forms = formsOf(schema);
  const choices = choicesOf(forms);
  const { minimum, maximum } = boundsOf(forms);
  return {
    key,
    kind: kindOf(key, forms, choices),
    nullable: isNullable(schema),
    default: schema.default ?? null,
    choices,
    minimum,
    maximum,
    help: `${schema.description ?? ""} (${describeKey(key)})`,
  };
}

/** What a value may be, null left out. */
function formsOf(node: Node): Node[] {
  const inner = node.anyOf ?? [node];
  return inner.flatMap((one) => (one.anyOf ? formsOf(one) : one.type === "null" ? [] : [one]));
}

function isNullable({ type, anyOf }: Node): boolean {
  return (
    (Array.isArray(type) && type.includes("null")) ||
    (anyOf?.some((one) => one.type === "null") ?? false)
  );
}

/** Words to choose from, where there are only a few. */
function choicesOf(forms: readonly Node[]): string[] | null {
  const words = forms.flatMap((form) => {
    if (form.type === "boolean" && forms.length > 1) return ["true", "false"];
    return form.enum?.map(String) ?? [undefined];
  });
  return words.every((word) => word !== undefined) ? words : null;
}

/** Limits that a value may reach; for one that it must stay within, the limit itself. */
function boundsOf(forms: readonly Node[]): { minimum: number | null; maximum: number | null } {
  const low = forms.map((form) => form.minimum ?? form.exclusiveMinimum ?? constOf(form));
  const high = forms.map((form) => form.maximum ?? form.exclusiveMaximum ?? constOf(form));
  const isLimit = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  return {
    minimum: low.length > 0 && low.every(isLimit) ? Math.min(...low) : null,
    maximum: high.length > 0 && high.every(isLimit) ? Math.max(...high) : null,
  };
}

function constOf({ const: value }: Node): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function kindOf(
  key: ConfigKey,
  forms: readonly Node[],
  choices: string[] | null,
): FormField["kind"] {
  if (modelKeys.has(key)) return "model";
  if (dataKeys.has(key)) return "data";
  if (choices) return "choice";
  const types = new Set(forms.map(({ type }) => (Array.isArray(type) ? type[0] : type)));
  const [only] = types;
  if (types.size === 1 && only === "boolean") return "boolean";
  if (types.size === 1 && only === "array") return "list";
  if (types.size === 1 && only === "string") return "text";
  if (types.size === 1 && only === "integer") return "integer";
  if ([...types].every((type) => type === "integer" || type === "number")) {
    const isWhole = forms.every((form) => form.type === "integer" || Number.isInteger(form.const));
    return isWhole ? "integer" : "number";
  }
  // Names or one pattern, a size or a number: read from what is typed.
  return types.has("object") ? "json" : "text";
}
