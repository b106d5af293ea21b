/**
 * JSON Schema (2020-12) to nodes. Supported is what OpenAI's structured outputs ask for and a little more;
 * what else would change which values are valid is refused by name.
 */
import { ConfigError } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import { disjoint } from "./disjoint.js";
import type { Node } from "./nodes.js";
import { stringToken } from "./strings.js";
import { integerToken, literal, numberToken, oneOf } from "./terminals.js";

type Schema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing of what is valid. */
const annotations = new Set([
  ..."$schema $id $comment $defs definitions title description default example examples deprecated".split(
    " ",
  ),
  ..."readOnly writeOnly discriminator contentMediaType contentEncoding".split(" "),
]);
/** Keywords by the type that they are of. */
const keywords: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "format"],
  number: [],
  integer: [],
  boolean: [],
  null: [],
};
/** Schemas inside each other, and altogether. */
const [mostDepth, mostSchemas] = [100, 20_000];

interface Reader {
  root: unknown;
  /** Nodes of what `$ref` names, so that a schema may refer to itself. */
  named: Map<string, { node: Node | undefined }>;
  count: number;
  notes: string[];
}

export interface CompiledSchema {
  node: Node;
  /** What of the schema is not enforced, a line each. */
  notes: string[];
}

/**
 * @throws ConfigError for a keyword that is not supported, by its place, and for what is no schema
 */
export function compileSchema(schema: unknown): CompiledSchema {
  const reader: Reader = { root: schema, named: new Map(), count: 0, notes: [] };
  return { node: compile(reader, schema, "#", 0), notes: reader.notes };
}

/** @param place JSON pointer, for errors and references */
function compile(reader: Reader, schema: unknown, place: string, depth: number): Node {
  if (depth > mostDepth || ++reader.count > mostSchemas) {
    throw refusal(
      place,
      `is nested deeper than ${mostDepth}, or has more than ${mostSchemas} parts`,
    );
  }
  if (schema === true) return { kind: "any" };
  if (!isRecord(schema)) throw refusal(place, "is no schema: it must be an object");
  const given = Object.keys(schema).filter((key) => !annotations.has(key));
  for (const [key, make] of Object.entries(wholes)) {
    if (schema[key] === undefined) continue;
    const others = given.filter(
      (one) =>
        one !== key && !(key === "enum" && one === "type") && !(key === "const" && one === "type"),
    );
    if (others.length > 0)
      throw refusal(place, `has ${others[0]} beside ${key}, which is not supported`);
    return make(reader, schema, place, depth);
  }
  const types = typesOf(schema, given, place);
  const known = new Set(["type", ...types.flatMap((type) => keywords[type]!)]);
  const foreign = given.find((key) => !known.has(key));
  if (foreign !== undefined)
    throw refusal(place, `has the keyword ${foreign}, which is not supported`);
  const nodes = types.map((type) => nodeOfType(reader, type, schema, place, depth));
  return nodes.length === 1 ? nodes[0]! : { kind: "choice", of: nodes };
}

type Make = (reader: Reader, schema: Schema, place: string, depth: number) => Node;

/** Keywords that are the whole of a schema. */
const wholes: Readonly<Record<string, Make>> = {
  $ref: (reader, { $ref }, place, depth) => {
    if (typeof $ref !== "string" || !/^#(\/|$)/.test($ref)) {
      throw refusal(
        place,
        `refers to ${show($ref)}: only references inside the schema are supported`,
      );
    }
    const known = reader.named.get($ref);
    const entry = known ?? { node: undefined };
    if (!known) {
      reader.named.set($ref, entry);
      entry.node = compile(reader, find(reader.root, $ref, place), $ref, depth + 1);
    }
    return { kind: "reference", to: () => entry.node! };
  },
  const: (_, { const: value, type }, place) => valuesNode([value!], type, place),
  enum: (_, { enum: values, type }, place) => {
    if (Array.isArray(values) && values.length > 0) return valuesNode(values, type, place);
    throw refusal(place, "has an enum that is no list of values");
  },
  anyOf: (reader, { anyOf }, place, depth) => choice(reader, anyOf, `${place}/anyOf`, depth),
  oneOf: (reader, { oneOf: given }, place, depth) => {
    const node = choice(reader, given, `${place}/oneOf`, depth);
    if (disjoint((given as unknown[]).map((one) => target(reader.root, one)))) return node;
    throw refusal(
      place,
      "has oneOf whose alternatives can fit the same value: only anyOf is supported there",
    );
  },
  allOf: (reader, { allOf }, place, depth) => {
    if (Array.isArray(allOf) && allOf.length === 1) {
      return compile(reader, allOf[0]!, `${place}/allOf/0`, depth + 1);
    }
    throw refusal(place, "has allOf with other than one schema, which is not supported");
  },
};

function choice(reader: Reader, given: unknown, place: string, depth: number): Node {
  if (!Array.isArray(given) || given.length === 0) throw refusal(place, "is no list of schemas");
  return {
    kind: "choice",
    of: given.map((one, at) => compile(reader, one, `${place}/${at}`, depth + 1)),
  };
}

/** @param type that `type` beside the values says, which they must have */
function valuesNode(values: readonly unknown[], type: unknown, place: string): Node {
  const types = type === undefined ? undefined : [type].flat();
  const fitting = values.filter((value) => !types || types.some((one) => isOfType(value, one)));
  if (fitting.length === 0) throw refusal(place, "has values that are all of another type");
  return {
    kind: "terminal",
    terminal: oneOf(fitting.map((value) => Buffer.from(JSON.stringify(value)))),
  };
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    default:
      return typeof value === type;
  }
}

/** Types that a schema says, or that its keywords are of; all where it says nothing. */
function typesOf(schema: Schema, given: readonly string[], place: string): string[] {
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    const wrong = types.find((type) => typeof type !== "string" || !Object.hasOwn(keywords, type));
    if (types.length === 0 || wrong !== undefined)
      throw refusal(place, `has the type ${show(wrong)}`);
    // Every integer is a number.
    const texts = types as string[];
    return texts.filter((type) => type !== "integer" || !texts.includes("number"));
  }
  const all = Object.keys(keywords);
  const meant = all.filter((type) => keywords[type]!.some((key) => given.includes(key)));
  return meant.length > 0 ? meant : all.filter((type) => type !== "integer");
}

function nodeOfType(
  reader: Reader,
  type: string,
  schema: Schema,
  place: string,
  depth: number,
): Node {
  switch (type) {
    case "object":
      return objectOf(reader, schema, place, depth);
    case "array":
      return arrayOf(reader, schema, place, depth);
    case "string": {
      const { least, most } = range(schema, "minLength", "maxLength", place);
      if (schema.format !== undefined) {
        reader.notes.push(`the format of ${place} is not enforced: any text can be written there.`);
      }
      return { kind: "terminal", terminal: stringToken(least, most) };
    }
    case "boolean":
      return { kind: "terminal", terminal: oneOf([Buffer.from("true"), Buffer.from("false")]) };
    case "null":
      return { kind: "terminal", terminal: literal("null") };
    default:
      return { kind: "terminal", terminal: type === "integer" ? integerToken : numberToken };
  }
}

/** Other properties are written where `additionalProperties` asks for them, or nothing else is said. */
function objectOf(reader: Reader, schema: Schema, place: string, depth: number): Node {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (!isRecord(properties)) throw refusal(place, "has properties that are no object");
  if (!Array.isArray(required) || !required.every((name) => typeof name === "string")) {
    throw refusal(place, "has required that is no list of names");
  }
  const isFree = additionalProperties === undefined && Object.keys(properties).length === 0;
  const others = isFree ? true : (additionalProperties ?? false);
  const names = new Set([...Object.keys(properties), ...required]);
  const listed = [...names].map((name) => {
    const own = Object.hasOwn(properties, name) ? properties[name]! : others;
    if (own === false)
      throw refusal(place, `requires ${show(name)}, which none of its properties is`);
    const node = compile(reader, own, `${place}/properties/${name}`, depth + 1);
    return { name, node, required: required.includes(name) };
  });
  const additional =
    others === false ? null : compile(reader, others, `${place}/additionalProperties`, depth + 1);
  return { kind: "object", properties: listed, additional };
}

function arrayOf(reader: Reader, schema: Schema, place: string, depth: number): Node {
  const { items = true, prefixItems = [] } = schema;
  if (!Array.isArray(prefixItems))
    throw refusal(place, "has prefixItems that are no list of schemas");
  const { least, most } = range(schema, "minItems", "maxItems", place);
  const first = prefixItems.map((one, at) =>
    compile(reader, one, `${place}/prefixItems/${at}`, depth + 1),
  );
  const rest = items === false ? null : compile(reader, items, `${place}/items`, depth + 1);
  if (rest === null && least > first.length) {
    throw refusal(place, `has minItems ${least} and only ${first.length} that can be`);
  }
  return { kind: "array", first, items: rest, least, most };
}

/** Counts beyond a model's context differ in nothing but the memory that they take. */
const mostCounted = 10_000;

function range(
  schema: Schema,
  leastKey: string,
  mostKey: string,
  place: string,
): { least: number; most: number } {
  const count = (key: string, missing: number) => {
    const value = schema[key];
    if (value === undefined) return missing;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw refusal(place, `has ${key} ${show(value)}, which is no count`);
  };
  const least = count(leastKey, 0);
  const most = count(mostKey, Number.POSITIVE_INFINITY);
  if (least > most) throw refusal(place, `has ${leastKey} above ${mostKey}`);
  if (least > mostCounted) throw refusal(place, `has ${leastKey} above ${mostCounted}`);
  return { least, most: most > mostCounted ? Number.POSITIVE_INFINITY : most };
}

/** What a schema is, behind the references that it consists of. */
function target(root: unknown, schema: unknown): unknown {
  let at = schema;
  for (let hops = 0; hops < mostDepth && isRecord(at) && typeof at.$ref === "string"; hops++) {
    at = find(root, at.$ref, "#");
  }
  return at;
}

/** What a JSON pointer behind `#` names (RFC 6901). */
function find(root: unknown, reference: string, place: string): unknown {
  let at: unknown = root;
  for (const step of reference.split("/").slice(1)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  if (at === undefined) throw refusal(place, `refers to ${show(reference)}, which is not there`);
  return at;
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? "nothing";
}

function refusal(place: string, what: string): ConfigError {
  return new ConfigError(`the JSON schema at ${place} ${what}`, {
    why: "answers could not be held to it, and leaving it out would change what is valid",
    todo: "remove it from the schema, and check the answer for it",
  });
}
