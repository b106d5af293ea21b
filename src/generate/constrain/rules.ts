/** From nodes to rules of a context-free grammar: alternatives, each a list of terminals and rules. */
import { ConfigError } from "../../util/errors.js";
import { type ArrayNode, itemAt, leastDepths, type Node, type ObjectNode } from "./nodes.js";
import { keyBeside, quoted, stringToken } from "./strings.js";
import { literal, numberToken, oneOf, type Terminal, whiteSpace } from "./terminals.js";

export type Part = Terminal | Rule;

export interface Rule {
  /** Made when first asked for. */
  alternatives(): readonly (readonly Part[])[];
}

export function isRule(part: Part): part is Rule {
  return "alternatives" in part;
}

/** Objects and arrays inside each other; Python's own reader of JSON ends at some 1,000. */
const mostDepth = 64;
/** Bytes between two tokens of JSON: an indentation of four at ten levels. */
const space = whiteSpace(40);

const openBrace = literal("{");
const closeBrace = literal("}");
const openBracket = literal("[");
const closeBracket = literal("]");
const comma = literal(",");
const colon = literal(":");

const anyNode: Node = { kind: "any" };
const anyObject: ObjectNode = { kind: "object", properties: [], additional: anyNode };
const anyArray: ArrayNode = {
  kind: "array",
  first: [],
  items: anyNode,
  least: 0,
  most: Number.POSITIVE_INFINITY,
};
const anyString = stringToken();
const words = oneOf(["true", "false", "null"].map((word) => Buffer.from(word)));

/** Any object. */
export const objectNode: Node = anyObject;

/**
 * The rule of a whole text.
 * @throws ConfigError where no finite value fits
 */
export function rootRule(root: Node): Rule {
  const depths = new Map([
    ...leastDepths(anyObject),
    ...leastDepths(anyArray),
    ...leastDepths(root),
  ]);
  if (depths.get(root)! > mostDepth) {
    throw new ConfigError("no value fits the schema", {
      why: `what it requires is nested without an end, or deeper than ${mostDepth}`,
      todo: "make a property optional where the schema refers to itself",
    });
  }
  const known = new Map<Node, Part[]>();
  const partOf = (node: Node, depth: number): Part => {
    if (node.kind === "terminal") return node.terminal;
    const byDepth = known.get(node) ?? [];
    known.set(node, byDepth);
    byDepth[depth] ??= lazily(() => expand(node, depth, partOf, fits));
    return byDepth[depth];
  };
  const fits = (node: Node, depth: number) => depth + depths.get(node)! <= mostDepth;
  return lazily(() => [[space, partOf(root, 0)]]);
}

type PartOf = (node: Node, depth: number) => Part;
type Fits = (node: Node, depth: number) => boolean;

function lazily(make: () => readonly (readonly Part[])[]): Rule {
  let made: readonly (readonly Part[])[] | undefined;
  return {
    alternatives() {
      made ??= make();
      return made;
    },
  };
}

/** @param depth objects and arrays around it */
function expand(
  node: Exclude<Node, { kind: "terminal" }>,
  depth: number,
  partOf: PartOf,
  fits: Fits,
): readonly (readonly Part[])[] {
  switch (node.kind) {
    case "any": {
      const nested = depth < mostDepth ? [anyObject, anyArray] : [];
      return [anyString, numberToken, words, ...nested.map((one) => partOf(one, depth))].map(
        (part) => [part],
      );
    }
    case "choice":
      return node.of.filter((one) => fits(one, depth)).map((one) => [partOf(one, depth)]);
    case "sequence":
      return [node.of.map((one) => partOf(one, depth))];
    case "reference":
      return [[partOf(node.to(), depth)]];
    case "object":
      return [[openBrace, space, objectRest(node, depth + 1, partOf, fits)]];
    case "array":
      return [[openBracket, space, arrayRest(node, depth + 1, partOf, fits)]];
  }
}

/** What follows an object's brace. @param depth of its values */
function objectRest(
  { properties, additional }: ObjectNode,
  depth: number,
  partOf: PartOf,
  fits: Fits,
): Part {
  const keys = properties.map(({ name }) => oneOf([quoted(name)]));
  const other = keyBeside(properties.map(({ name }) => name));
  const member = (key: Terminal, node: Node) => [
    key,
    space,
    colon,
    space,
    partOf(node, depth),
    space,
  ];
  const others = additional && fits(additional, depth) ? additional : null;
  const separator = (isFirst: boolean) => (isFirst ? [] : [comma, space]);

  const rest = memoized((at: number, isFirst: boolean) =>
    lazily(() => {
      const found: Part[][] = [];
      for (let next = at; next < properties.length; next++) {
        const { node, required } = properties[next]!;
        if (fits(node, depth)) {
          found.push([...separator(isFirst), ...member(keys[next]!, node), rest(next + 1, false)]);
        }
        if (required) return found;
      }
      found.push([closeBrace]);
      if (others) {
        const end = rest(properties.length, false);
        found.push([...separator(isFirst), ...member(other, others), end]);
      }
      return found;
    }),
  );
  return rest(0, true);
}

function memoized(
  make: (at: number, isFirst: boolean) => Rule,
): (at: number, isFirst: boolean) => Rule {
  const known = new Map<number, Rule>();
  return (at, isFirst) => {
    const key = at * 2 + Number(isFirst);
    const rule = known.get(key) ?? make(at, isFirst);
    known.set(key, rule);
    return rule;
  };
}

/** What follows an array's bracket. @param depth of its items */
function arrayRest(node: ArrayNode, depth: number, partOf: PartOf, fits: Fits): Part {
  const { first, least, most } = node;
  // Behind so many items nothing changes any more.
  const counted = Math.max(first.length, least, Number.isFinite(most) ? most : 0, 1);
  const known = new Map<number, Rule>();
  const rest = (count: number): Rule => {
    const rule = known.get(count) ?? lazily(() => alternatives(count));
    known.set(count, rule);
    return rule;
  };
  const alternatives = (count: number): Part[][] => {
    const found: Part[][] = [];
    if (count >= least) found.push([closeBracket]);
    const item = count < most ? itemAt(node, count) : null;
    if (item && fits(item, depth)) {
      const separator = count === 0 ? [] : [comma, space];
      found.push([...separator, partOf(item, depth), space, rest(Math.min(count + 1, counted))]);
    }
    return found;
  };
  return rest(0);
}
