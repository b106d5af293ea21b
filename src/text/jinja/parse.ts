/** Jinja2's statements: a template's text to nodes. */
import { TemplateSyntaxError } from "./errors.js";
import { type Token, tokenize } from "./lexer.js";
import type { Call, Expression, Filter, Parameters, Statement, Target } from "./nodes.js";
import {
  isConstant,
  parseExpression,
  parseFilter,
  parseOr,
  parseTuple,
} from "./parseExpression.js";
import {
  current,
  expect,
  expectWord,
  isWord,
  type Stream,
  take,
  takeIf,
  takeWord,
} from "./stream.js";

/** @throws TemplateSyntaxError with the line */
export function parseTemplate(source: string): Statement[] {
  return parseBody({ tokens: tokenize(source), at: 0 }, []);
}

/** Statements up to one of the words; the stream is at the word then. */
function parseBody(stream: Stream, ends: readonly string[], opener?: Token): Statement[] {
  const body: Statement[] = [];
  for (;;) {
    const token = current(stream);
    if (token.type === "end") {
      if (ends.length === 0) return body;
      throw new TemplateSyntaxError(
        `Unexpected end of template. Jinja was looking for the following tags: ${quoted(ends)}. ` +
          `The innermost block that needs to be closed is '${opener?.text}'.`,
        token.line,
      );
    }
    if (token.type === "{%") {
      take(stream);
      if (isWord(current(stream), ...ends)) return body;
      body.push(parseStatement(stream, ends));
      expect(stream, "%}");
    } else body.push(parseOutput(stream));
  }
}

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" or ");

/** Text and `{{ … }}` up to the next block. */
function parseOutput(stream: Stream): Statement {
  const { line } = current(stream);
  const parts: (string | Expression)[] = [];
  for (;;) {
    const { type } = current(stream);
    if (type === "data") parts.push(take(stream).text);
    else if (takeIf(stream, "{{")) {
      parts.push(parseTuple(stream));
      expect(stream, "}}");
    } else return { type: "output", line, parts };
  }
}

type Parse = (stream: Stream, tag: Token) => Statement;

const statements: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["for", parseFor],
  ["if", parseIf],
  ["set", parseSet],
  ["macro", parseMacro],
  ["call", parseCallBlock],
  ["generation", parseGeneration],
  ["filter", parseFilterBlock],
  ["with", parseWith],
  ["block", parseBlock],
  ["print", parsePrint],
  ["break", (_, { line }) => ({ type: "break", line })],
  ["continue", (_, { line }) => ({ type: "continue", line })],
  ["include", parseLoad],
  ["import", parseLoad],
  ["from", parseLoad],
  ["extends", parseLoad],
]);

function parseStatement(stream: Stream, ends: readonly string[]): Statement {
  const tag = take(stream);
  if (tag.type !== "name") throw new TemplateSyntaxError("tag name expected", tag.line);
  const parse = statements.get(tag.text);
  if (parse) return parse(stream, tag);
  const looking =
    ends.length > 0 ? ` Jinja was looking for the following tags: ${quoted(ends)}.` : "";
  throw new TemplateSyntaxError(`Encountered unknown tag '${tag.text}'.${looking}`, tag.line);
}

/** The end of a tag and what follows up to one of the words. */
function parseBlockBody(stream: Stream, ends: readonly string[], opener: Token): Statement[] {
  takeIf(stream, ":");
  expect(stream, "%}");
  return parseBody(stream, ends, opener);
}

/** As {@link parseBlockBody}, and the closing word is taken. */
function parseClosed(stream: Stream, end: string, opener: Token): Statement[] {
  const body = parseBlockBody(stream, [end], opener);
  take(stream);
  return body;
}

function parseFor(stream: Stream, tag: Token): Statement {
  const target = parseTarget(stream, { ends: ["in"] });
  expectWord(stream, "in");
  const iterable = parseTuple(stream, { one: parseOr, ends: ["recursive"] });
  const test = takeWord(stream, "if") ? parseExpression(stream) : undefined;
  const recursive = takeWord(stream, "recursive");
  const body = parseBlockBody(stream, ["endfor", "else"], tag);
  const otherwise = take(stream).text === "else" ? parseClosed(stream, "endfor", tag) : [];
  return { type: "for", line: tag.line, target, iterable, test, recursive, body, otherwise };
}

function parseIf(stream: Stream, tag: Token): Statement {
  const branches: { test: Expression; body: Statement[] }[] = [];
  let otherwise: Statement[] = [];
  for (;;) {
    const test = parseTuple(stream, { one: parseOr });
    branches.push({ test, body: parseBlockBody(stream, ["elif", "else", "endif"], tag) });
    const word = take(stream).text;
    if (word === "else") otherwise = parseClosed(stream, "endif", tag);
    if (word !== "elif") return { type: "if", line: tag.line, branches, otherwise };
  }
}

function parseSet(stream: Stream, tag: Token): Statement {
  const { line } = tag;
  const target = parseTarget(stream, { withNamespace: true });
  if (takeIf(stream, "=")) return { type: "set", line, target, value: parseTuple(stream) };
  let filter: Filter | undefined;
  while (takeIf(stream, "|")) filter = parseFilter(stream, filter);
  return { type: "setBlock", line, target, filter, body: parseClosed(stream, "endset", tag) };
}

function parseMacro(stream: Stream, tag: Token): Statement {
  const name = parseName(stream);
  const parameters = parseParameters(stream);
  const body = parseClosed(stream, "endmacro", tag);
  return { type: "macro", line: tag.line, name, ...parameters, body };
}

function parseCallBlock(stream: Stream, tag: Token): Statement {
  const parameters =
    current(stream).type === "(" ? parseParameters(stream) : { names: [], defaults: [] };
  const call = parseExpression(stream);
  if (call.type !== "call") throw new TemplateSyntaxError("expected call", tag.line);
  const body = parseClosed(stream, "endcall", tag);
  return { type: "callBlock", line: tag.line, call: call as Call, ...parameters, body };
}

/** transformers' own tag: what is inside is what the assistant says. */
function parseGeneration(stream: Stream, tag: Token): Statement {
  const body = parseClosed(stream, "endgeneration", tag);
  return { type: "callBlock", line: tag.line, call: undefined, names: [], defaults: [], body };
}

function parseFilterBlock(stream: Stream, tag: Token): Statement {
  let filter = parseFilter(stream, undefined);
  while (takeIf(stream, "|")) filter = parseFilter(stream, filter);
  return {
    type: "filterBlock",
    line: tag.line,
    filter,
    body: parseClosed(stream, "endfilter", tag),
  };
}

function parseWith(stream: Stream, tag: Token): Statement {
  const assignments: { target: Target; value: Expression }[] = [];
  while (current(stream).type !== "%}") {
    if (assignments.length > 0) expect(stream, ",");
    const target = parseTarget(stream);
    expect(stream, "=");
    assignments.push({ target, value: parseExpression(stream) });
  }
  return { type: "with", line: tag.line, assignments, body: parseClosed(stream, "endwith", tag) };
}

function parseBlock(stream: Stream, tag: Token): Statement {
  const name = expect(stream, "name").text;
  const scoped = takeWord(stream, "scoped");
  const required = takeWord(stream, "required");
  const body = parseClosed(stream, "endblock", tag);
  takeWord(stream, name);
  return { type: "block", line: tag.line, name, scoped, required, body };
}

function parsePrint(stream: Stream, { line }: Token): Statement {
  const parts: Expression[] = [];
  while (current(stream).type !== "%}") {
    if (parts.length > 0) expect(stream, ",");
    parts.push(parseExpression(stream));
  }
  return { type: "output", line, parts };
}

/** The rest of these tags does not matter: there is nothing that they could load. */
function parseLoad(stream: Stream, { text, line }: Token): Statement {
  while (!["%}", "end"].includes(current(stream).type)) take(stream);
  return { type: "load", line, tag: text };
}

function parseParameters(stream: Stream): Parameters {
  const names: string[] = [];
  const defaults: Expression[] = [];
  expect(stream, "(");
  while (current(stream).type !== ")") {
    if (names.length > 0) expect(stream, ",");
    names.push(parseName(stream));
    if (takeIf(stream, "=")) defaults.push(parseExpression(stream));
    else if (defaults.length > 0)
      throw new TemplateSyntaxError(
        "non-default argument follows default argument",
        current(stream).line,
      );
  }
  expect(stream, ")");
  return { names, defaults };
}

/** A name to assign to. */
function parseName(stream: Stream): string {
  const token = expect(stream, "name");
  return assignable(token).text;
}

function assignable(token: Token): Token {
  if (isConstant(token.text))
    throw new TemplateSyntaxError(`can't assign to '${token.text}'`, token.line);
  return token;
}

/** What is assigned to: a name, several with commas or brackets, or an attribute of a namespace. */
function parseTarget(
  stream: Stream,
  { ends = [] as readonly string[], withNamespace = false } = {},
): Target {
  const tuple = parseTuple(stream, { one: (inner) => simple(inner, withNamespace), ends });
  return targetOf(tuple);
}

/** A name, or an attribute of one. Brackets may hold more names. */
function simple(stream: Stream, withNamespace: boolean): Expression {
  const { line } = current(stream);
  if (takeIf(stream, "(")) {
    const inner = parseTuple(stream, { inBrackets: true });
    expect(stream, ")");
    return inner;
  }
  const token = current(stream);
  if (token.type !== "name")
    throw new TemplateSyntaxError(`can't assign to '${token.text}'`, token.line);
  const { text: name } = assignable(take(stream));
  const object: Expression = { type: "name", line, name };
  if (!withNamespace || !takeIf(stream, ".")) return object;
  return { type: "attribute", line, object, name: expect(stream, "name").text };
}

function targetOf(expression: Expression): Target {
  const { line } = expression;
  if (expression.type === "tuple")
    return { type: "tuple", line, items: expression.items.map(targetOf) };
  if (expression.type === "attribute" && expression.object.type === "name")
    return { type: "attribute", line, namespace: expression.object.name, name: expression.name };
  if (expression.type === "name") return { type: "name", line, name: expression.name };
  throw new TemplateSyntaxError(`can't assign to '${expression.type}'`, line);
}
