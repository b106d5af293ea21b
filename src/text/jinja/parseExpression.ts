/** Jinja2's expressions, from the weakest operator to the strongest. */
import { TemplateSyntaxError } from "./errors.js";
import type { CallArguments, Expression, Filter } from "./nodes.js";
import {
  current,
  describe,
  expect,
  following,
  isWord,
  type Stream,
  take,
  takeIf,
  takeWord,
} from "./stream.js";

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

/** Names that stand for a constant, and so cannot be assigned to. */
export const isConstant = (name: string) => constants.has(name);

export function parseExpression(stream: Stream): Expression {
  const { line } = current(stream);
  let result = parseOr(stream);
  while (takeWord(stream, "if")) {
    const test = parseOr(stream);
    const otherwise = takeWord(stream, "else") ? parseExpression(stream) : undefined;
    result = { type: "conditional", line, test, value: result, otherwise };
  }
  return result;
}

/**
 * Expressions with commas between them are a tuple.
 * @param one parses a single expression; without `if … else` where that means something else
 * @param ends words that end the tuple
 */
export function parseTuple(
  stream: Stream,
  { one = parseExpression, ends = [] as readonly string[], inBrackets = false } = {},
): Expression {
  const { line } = current(stream);
  const items: Expression[] = [];
  let isTuple = false;
  for (;;) {
    if (isTuple && items.length > 0) expect(stream, ",");
    const token = current(stream);
    if (["}}", "%}", ")"].includes(token.type) || isWord(token, ...ends)) break;
    items.push(one(stream));
    if (current(stream).type !== ",") break;
    isTuple = true;
  }
  if (!isTuple && items.length > 0) return items[0]!;
  if (!isTuple && !inBrackets)
    throw new TemplateSyntaxError(
      `Expected an expression, got '${describe(current(stream))}'`,
      current(stream).line,
    );
  return { type: "tuple", line, items };
}

export function parseOr(stream: Stream): Expression {
  return parseLogic(stream, "or", (inner) => parseLogic(inner, "and", parseNot));
}

function parseLogic(
  stream: Stream,
  operator: "and" | "or",
  operand: (stream: Stream) => Expression,
): Expression {
  const { line } = current(stream);
  let left = operand(stream);
  while (takeWord(stream, operator))
    left = { type: "logic", line, operator, left, right: operand(stream) };
  return left;
}

function parseNot(stream: Stream): Expression {
  const { line } = current(stream);
  if (takeWord(stream, "not"))
    return { type: "unary", line, operator: "not", operand: parseNot(stream) };
  return parseCompare(stream);
}

function parseCompare(stream: Stream): Expression {
  const { line } = current(stream);
  const first = parseSum(stream);
  const rest: { operator: string; value: Expression }[] = [];
  for (;;) {
    const token = current(stream);
    if (["==", "!=", "<", "<=", ">", ">="].includes(token.type)) {
      take(stream);
      rest.push({ operator: token.type, value: parseSum(stream) });
    } else if (takeWord(stream, "in")) {
      rest.push({ operator: "in", value: parseSum(stream) });
    } else if (isWord(token, "not") && isWord(following(stream), "in")) {
      stream.at += 2;
      rest.push({ operator: "not in", value: parseSum(stream) });
    } else break;
  }
  return rest.length === 0 ? first : { type: "compare", line, first, rest };
}

function parseBinary(
  stream: Stream,
  signs: readonly string[],
  operand: (stream: Stream) => Expression,
): Expression {
  const { line } = current(stream);
  let left = operand(stream);
  while (signs.includes(current(stream).type)) {
    const operator = take(stream).type;
    left = { type: "binary", line, operator, left, right: operand(stream) };
  }
  return left;
}

const parseSum = (stream: Stream) => parseBinary(stream, ["+", "-"], parseConcat);
const parseProduct = (stream: Stream) => parseBinary(stream, ["*", "/", "//", "%"], parsePower);
const parsePower = (stream: Stream) => parseBinary(stream, ["**"], parseUnary);

function parseConcat(stream: Stream): Expression {
  const { line } = current(stream);
  const parts = [parseProduct(stream)];
  while (takeIf(stream, "~")) parts.push(parseProduct(stream));
  return parts.length === 1 ? parts[0]! : { type: "concat", line, parts };
}

function parseUnary(stream: Stream): Expression {
  return parseFilters(stream, parsePostfix(stream, parseSigned(stream)));
}

function parseSigned(stream: Stream): Expression {
  const { type, line } = current(stream);
  if (type !== "-" && type !== "+") return parsePrimary(stream);
  take(stream);
  const operand = parsePostfix(stream, parseSigned(stream));
  return { type: "unary", line, operator: type, operand };
}

function parsePrimary(stream: Stream): Expression {
  const token = current(stream);
  const { line } = token;
  switch (token.type) {
    case "name": {
      take(stream);
      const constant = constants.get(token.text);
      if (constant !== undefined) return { type: "constant", line, value: constant };
      return { type: "name", line, name: token.text };
    }
    case "string": {
      let text = "";
      while (current(stream).type === "string") text += take(stream).value;
      return { type: "constant", line, value: text };
    }
    case "integer":
    case "float":
      return { type: "constant", line, value: take(stream).value };
    case "(": {
      take(stream);
      const inner = parseTuple(stream, { inBrackets: true });
      expect(stream, ")");
      return inner;
    }
    case "[":
      return { type: "list", line, items: parseItems(stream, "]", parseExpression) };
    case "{":
      return { type: "dict", line, entries: parseItems(stream, "}", parseEntry) };
  }
  throw new TemplateSyntaxError(`unexpected '${describe(token)}'`, line);
}

/** What is between brackets, commas between and perhaps behind. */
function parseItems<Item>(stream: Stream, end: string, item: (stream: Stream) => Item): Item[] {
  take(stream);
  const items: Item[] = [];
  while (current(stream).type !== end) {
    if (items.length > 0) expect(stream, ",");
    if (current(stream).type === end) break;
    items.push(item(stream));
  }
  expect(stream, end);
  return items;
}

function parseEntry(stream: Stream): { key: Expression; value: Expression } {
  const key = parseExpression(stream);
  expect(stream, ":");
  return { key, value: parseExpression(stream) };
}

function parsePostfix(stream: Stream, start: Expression): Expression {
  let result = start;
  for (;;) {
    const { type } = current(stream);
    if (type === ".") result = parseDot(stream, result);
    else if (type === "[") result = parseSubscript(stream, result);
    else if (type === "(") result = parseCall(stream, result);
    else return result;
  }
}

function parseCall(stream: Stream, callee: Expression): Expression {
  const { line } = current(stream);
  return { type: "call", line, callee, ...parseArguments(stream) };
}

function parseDot(stream: Stream, object: Expression): Expression {
  const { line } = take(stream);
  const token = take(stream);
  if (token.type === "name") return { type: "attribute", line, object, name: token.text };
  if (token.type !== "integer")
    throw new TemplateSyntaxError("expected name or number", token.line);
  return { type: "item", line, object, key: { type: "constant", line, value: token.value } };
}

function parseSubscript(stream: Stream, object: Expression): Expression {
  const { line } = take(stream);
  const keys: (Expression | Slice)[] = [];
  while (current(stream).type !== "]") {
    if (keys.length > 0) expect(stream, ",");
    keys.push(parseKey(stream));
  }
  expect(stream, "]");
  const [first] = keys;
  if (keys.length === 1 && first)
    return "type" in first
      ? { type: "item", line, object, key: first }
      : { type: "slice", line, object, ...first };
  const items = keys.map((key) => {
    if ("type" in key) return key;
    throw new TemplateSyntaxError("slices in a tuple are not supported", line);
  });
  return { type: "item", line, object, key: { type: "tuple", line, items } };
}

interface Slice {
  start: Expression | undefined;
  stop: Expression | undefined;
  step: Expression | undefined;
}

function parseKey(stream: Stream): Expression | Slice {
  const isEnd = () => [":", "]", ","].includes(current(stream).type);
  const start = current(stream).type === ":" ? undefined : parseExpression(stream);
  if (start !== undefined && current(stream).type !== ":") return start;
  take(stream);
  const stop = isEnd() ? undefined : parseExpression(stream);
  const step = takeIf(stream, ":") && !isEnd() ? parseExpression(stream) : undefined;
  return { start, stop, step };
}

function parseArguments(stream: Stream): CallArguments {
  const { line } = expect(stream, "(");
  const args: CallArguments = { positional: [], named: [], rest: undefined, namedRest: undefined };
  const ensure = (fits: boolean) => {
    if (!fits) throw new TemplateSyntaxError("invalid syntax for function call expression", line);
  };
  for (let first = true; current(stream).type !== ")"; first = false) {
    if (!first) {
      expect(stream, ",");
      if (current(stream).type === ")") break;
    }
    if (takeIf(stream, "*")) {
      ensure(!args.rest && !args.namedRest);
      args.rest = parseExpression(stream);
    } else if (takeIf(stream, "**")) {
      ensure(!args.namedRest);
      args.namedRest = parseExpression(stream);
    } else if (current(stream).type === "name" && following(stream).type === "=") {
      ensure(!args.namedRest);
      const name = take(stream).text;
      take(stream);
      args.named.push({ name, value: parseExpression(stream) });
    } else {
      ensure(!args.rest && !args.namedRest && args.named.length === 0);
      args.positional.push(parseExpression(stream));
    }
  }
  expect(stream, ")");
  return args;
}

const noArguments = (): CallArguments => ({
  positional: [],
  named: [],
  rest: undefined,
  namedRest: undefined,
});

function parseFilters(stream: Stream, start: Expression): Expression {
  let result = start;
  for (;;) {
    const token = current(stream);
    if (takeIf(stream, "|")) result = parseFilter(stream, result);
    else if (takeWord(stream, "is")) result = parseTest(stream, result);
    else if (token.type === "(") result = parseCall(stream, result);
    else return result;
  }
}

/** A filter, its `|` taken already. */
export function parseFilter(stream: Stream, operand: Expression | undefined): Filter {
  const { line } = current(stream);
  const name = parseDottedName(stream);
  const args = current(stream).type === "(" ? parseArguments(stream) : noArguments();
  return { type: "filter", line, name, operand, ...args };
}

function parseDottedName(stream: Stream): string {
  let name = expect(stream, "name").text;
  while (takeIf(stream, ".")) name += `.${expect(stream, "name").text}`;
  return name;
}

const argumentStarts = new Set(["name", "string", "integer", "float", "[", "{"]);

function parseTest(stream: Stream, operand: Expression): Expression {
  const { line } = current(stream);
  const negated = takeWord(stream, "not");
  const name = parseDottedName(stream);
  const token = current(stream);
  let args = noArguments();
  if (token.type === "(") args = parseArguments(stream);
  else if (argumentStarts.has(token.type) && !isWord(token, "else", "or", "and")) {
    if (isWord(token, "is"))
      throw new TemplateSyntaxError("You cannot chain multiple tests with is", token.line);
    args.positional.push(parsePostfix(stream, parsePrimary(stream)));
  }
  const test: Expression = { type: "test", line, name, operand, ...args };
  return negated ? { type: "unary", line, operator: "not", operand: test } : test;
}
