/** The tokens of a template, one after the other. */
import { TemplateSyntaxError } from "./errors.js";
import type { Token } from "./lexer.js";

export interface Stream {
  readonly tokens: readonly Token[];
  at: number;
}

export function current({ tokens, at }: Stream): Token {
  return tokens[Math.min(at, tokens.length - 1)]!;
}

export function following({ tokens, at }: Stream): Token {
  return tokens[Math.min(at + 1, tokens.length - 1)]!;
}

/** The current token; the stream goes on to the next. */
export function take(stream: Stream): Token {
  const token = current(stream);
  stream.at++;
  return token;
}

export function isWord(token: Token, ...words: readonly string[]): boolean {
  return token.type === "name" && words.includes(token.text);
}

export function takeIf(stream: Stream, type: string): boolean {
  const found = current(stream).type === type;
  if (found) stream.at++;
  return found;
}

export function takeWord(stream: Stream, word: string): boolean {
  const found = isWord(current(stream), word);
  if (found) stream.at++;
  return found;
}

/** @throws TemplateSyntaxError when the current token is another */
export function expect(stream: Stream, type: string): Token {
  const token = current(stream);
  if (token.type !== type) throw unexpected(token, type);
  return take(stream);
}

export function expectWord(stream: Stream, word: string): void {
  if (!takeWord(stream, word)) throw unexpected(current(stream), word);
}

function unexpected(token: Token, wanted: string): TemplateSyntaxError {
  const want = describeType(wanted);
  const message =
    token.type === "end"
      ? `unexpected end of template, expected '${want}'.`
      : `expected token '${want}', got '${describe(token)}'`;
  return new TemplateSyntaxError(message, token.line);
}

const typeNames: Readonly<Record<string, string>> = {
  "{%": "begin of statement block",
  "%}": "end of statement block",
  "{{": "begin of print statement",
  "}}": "end of print statement",
  data: "template data / text",
  end: "end of template",
};

const describeType = (type: string) => typeNames[type] ?? type;

export function describe(token: Token): string {
  return token.type === "name" ? token.text : describeType(token.type);
}
