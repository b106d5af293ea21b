/**
 * Cuts a template into tokens by Jinja2's rules, as transformers sets it up: the line break behind a
 * block tag goes (`trim_blocks`), as does white space before one at the start of a line (`lstrip_blocks`).
 */
import { spaceClass, stripEnd } from "../../util/codePoints.js";
import { readPythonEscapes } from "../../util/pythonEscapes.js";
import { TemplateSyntaxError } from "./errors.js";
import { normalInt } from "./numbers.js";
import { escapeCharacter } from "./print.js";
import { Float, type Value } from "./values.js";

export interface Token {
  /** `data`, `name`, `string`, `integer`, `float`, `end`, or the sign itself (`{{`, `%}`, `+`, …). */
  type: string;
  text: string;
  /** What a string or number stands for. */
  value: Value;
  line: number;
}

const s = `[${spaceClass}]`;
const opening = /\{[{%#]/g;
const rawBegin = new RegExp(`\\{%([-+]?)${s}*raw${s}*(?:-%\\}${s}*|%\\})`, "y");
const rawEnd = new RegExp(`\\{%([-+]?)${s}*endraw${s}*(?:\\+%\\}|-%\\}${s}*|%\\}\\n?)`, "g");
const commentEnd = new RegExp(`\\+#\\}|-#\\}${s}*|#\\}\\n?`, "g");
const blockEnd = new RegExp(`\\+%\\}|-%\\}${s}*|%\\}\\n?`, "y");
const variableEnd = new RegExp(`-\\}\\}${s}*|\\}\\}`, "y");
const space = new RegExp(`${s}+`, "y");
const float = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{XID_Continue}_]+/uy;
const string = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const operator = /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}><=.:|,;]/y;

const closing: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]" };

interface Cursor {
  readonly source: string;
  at: number;
  line: number;
  /** Whether the last token ended a line. */
  lineStart: boolean;
  readonly tokens: Token[];
}

/** @throws TemplateSyntaxError */
export function tokenize(text: string): Token[] {
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const cursor: Cursor = { source, at: 0, line: 1, lineStart: true, tokens: [] };
  while (cursor.at < source.length) readData(cursor);
  push(cursor, "end", "");
  return cursor.tokens;
}

function push(cursor: Cursor, type: string, text: string, value: Value = text): void {
  cursor.tokens.push({ type, text, value, line: cursor.line });
}

/** Moves to an offset and counts the lines on the way. */
function advance(cursor: Cursor, end: number): void {
  const { source } = cursor;
  for (
    let at = source.indexOf("\n", cursor.at);
    at >= 0 && at < end;
    at = source.indexOf("\n", at + 1)
  )
    cursor.line++;
  cursor.lineStart = end > cursor.at ? source[end - 1] === "\n" : false;
  cursor.at = end;
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  return pattern.exec(cursor.source)?.[0];
}

/** Text up to the next tag, and the tag. */
function readData(cursor: Cursor): void {
  const { source } = cursor;
  opening.lastIndex = cursor.at;
  const start = opening.exec(source)?.index ?? source.length;
  const data = source.slice(cursor.at, start);
  rawBegin.lastIndex = start;
  const raw = rawBegin.exec(source);
  const type = source.slice(start, start + 2);
  const after = source[start + 2] ?? "";
  const sign = raw ? raw[1]! : /[-+]/.test(after) ? after : "";
  const kept = strippedBefore(data, sign, type === "{{" || type === "", cursor.lineStart);
  if (kept !== "") push(cursor, "data", kept);
  advance(cursor, start);
  if (type === "") return;
  if (raw) readRaw(cursor, start + raw[0].length);
  else if (type === "{#") skipComment(cursor, start + 2 + sign.length);
  else {
    push(cursor, type, type);
    advance(cursor, start + 2 + sign.length);
    readTag(cursor, type === "{%" ? "%}" : "}}");
  }
}

/** What is left of the text before a tag. */
function strippedBefore(data: string, sign: string, isOutput: boolean, lineStart: boolean): string {
  if (sign === "-") return stripEnd(data);
  if (sign === "+" || isOutput) return data;
  const line = data.lastIndexOf("\n") + 1;
  if (line === 0 && !lineStart) return data;
  return stripEnd(data.slice(line)) === "" ? data.slice(0, line) : data;
}

function readRaw(cursor: Cursor, start: number): void {
  advance(cursor, start);
  rawEnd.lastIndex = start;
  const end = rawEnd.exec(cursor.source);
  // As in Jinja2, a tag that ends the template need not be closed.
  if (!end && start === cursor.source.length) return;
  if (!end) throw new TemplateSyntaxError("Missing end of raw directive", cursor.line);
  const data = cursor.source.slice(start, end.index);
  const kept = strippedBefore(data, end[1]!, false, cursor.lineStart);
  if (kept !== "") push(cursor, "data", kept);
  advance(cursor, end.index + end[0].length);
}

function skipComment(cursor: Cursor, start: number): void {
  commentEnd.lastIndex = start;
  const end = commentEnd.exec(cursor.source);
  if (!end && start < cursor.source.length)
    throw new TemplateSyntaxError("Missing end of comment tag", cursor.line);
  advance(cursor, end ? end.index + end[0].length : start);
}

/** The tokens of one tag up to its end, which inside of brackets is not looked for. */
function readTag(cursor: Cursor, end: "%}" | "}}"): void {
  const brackets: string[] = [];
  while (cursor.at < cursor.source.length) {
    const last =
      brackets.length === 0 ? match(cursor, end === "%}" ? blockEnd : variableEnd) : undefined;
    if (last !== undefined) {
      push(cursor, end, last);
      advance(cursor, cursor.at + last.length);
      return;
    }
    advance(cursor, cursor.at + readToken(cursor, brackets));
  }
}

/** @returns the token's length */
function readToken(cursor: Cursor, brackets: string[]): number {
  const blank = match(cursor, space);
  if (blank !== undefined) return blank.length;
  const real = match(cursor, float);
  if (real !== undefined) {
    push(cursor, "float", real, new Float(Number(real.replaceAll("_", ""))));
    return real.length;
  }
  const whole = match(cursor, integer);
  if (whole !== undefined) {
    push(cursor, "integer", whole, normalInt(BigInt(whole.replaceAll("_", ""))));
    return whole.length;
  }
  const word = match(cursor, name);
  if (word !== undefined) {
    if (!/^[\p{XID_Start}_]/u.test(word))
      throw new TemplateSyntaxError("Invalid character in identifier", cursor.line);
    push(cursor, "name", word);
    return word.length;
  }
  const quoted = match(cursor, string);
  if (quoted !== undefined) {
    push(cursor, "string", quoted, readString(quoted.slice(1, -1), cursor.line));
    return quoted.length;
  }
  const sign = match(cursor, operator);
  if (sign === undefined) {
    const character = String.fromCodePoint(cursor.source.codePointAt(cursor.at)!);
    throw new TemplateSyntaxError(`unexpected char '${character}' at ${cursor.at}`, cursor.line);
  }
  balance(sign, brackets, cursor.line);
  push(cursor, sign, sign);
  return sign.length;
}

function balance(sign: string, brackets: string[], line: number): void {
  if (closing[sign] !== undefined) brackets.push(closing[sign]);
  if (!/^[)\]}]$/.test(sign)) return;
  const expected = brackets.pop();
  if (expected === undefined) throw new TemplateSyntaxError(`unexpected '${sign}'`, line);
  if (expected !== sign)
    throw new TemplateSyntaxError(`unexpected '${sign}', expected '${expected}'`, line);
}

function readString(text: string, line: number): string {
  const fail = (what: string) => {
    throw new TemplateSyntaxError(`a string has ${what}`, line);
  };
  // Jinja2 escapes what is not ASCII before Python reads the escapes, so that the backslash before it stays alone.
  return readPythonEscapes(text, fail, (written) =>
    written[1]! > "\x7f" ? escapeCharacter(written.slice(1)) : written,
  );
}
