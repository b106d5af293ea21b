/** Whether alternatives of a schema exclude each other, as far as types and fixed properties tell. */
import { isRecord } from "../../util/isRecord.js";

type Schema = Readonly<Record<string, unknown>>;

/** @param schemas behind references */
export function disjoint(schemas: readonly unknown[]): boolean {
  return schemas.every((one, at) =>
    schemas.slice(at + 1).every((other) => areDisjoint(one, other)),
  );
}

function areDisjoint(one: unknown, other: unknown): boolean {
  if (!isRecord(one) || !isRecord(other)) return false;
  const [values, otherValues] = [fixed(one), fixed(other)];
  if (values && otherValues) return !values.some((value) => otherValues.includes(value));
  const [types, otherTypes] = [typeNames(one), typeNames(other)];
  if (types && otherTypes && !types.some((type) => otherTypes.includes(type))) return true;
  return separated(one, other);
}

/** The only values of a schema, as JSON. */
function fixed({ const: value, enum: values }: Schema): string[] | undefined {
  if (value !== undefined) return [JSON.stringify(value)];
  return Array.isArray(values) ? values.map((one) => JSON.stringify(one)) : undefined;
}

function typeNames({ type }: Schema): string[] | undefined {
  if (type === undefined) return undefined;
  // An integer is a number.
  return [type].flat().map((one) => (one === "integer" ? "number" : String(one)));
}

/** Whether a property that both require has other fixed values in each. */
function separated(one: Schema, other: Schema): boolean {
  const both = [one.required, other.required].every(Array.isArray)
    ? (one.required as unknown[]).filter((name) => (other.required as unknown[]).includes(name))
    : [];
  return both.some((name) => {
    const [value, otherValue] = [one, other].map(({ properties }) =>
      isRecord(properties) ? properties[String(name)] : undefined,
    );
    if (!isRecord(value) || !isRecord(otherValue)) return false;
    const [values, otherValues] = [fixed(value), fixed(otherValue)];
    return Boolean(values && otherValues && !values.some((each) => otherValues.includes(each)));
  });
}
