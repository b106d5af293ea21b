/**
 * Tokens that only a chat template may write. Text of a row that spells one of them would be read
 * as the token: a forged turn in a question, an answer that seems to end in its middle.
 */
import { escapeRegExp } from "../util/escapeRegExp.js";
import type { Tokenizer } from "./tokenizer.js";
import { adviceOnToken } from "./tokensWithoutRow.js";
import type { ChatTemplate, Message } from "./types.js";

export interface ControlTokens {
  /** Whether a text spells one. */
  has(text: string): boolean;
  /** Those of them that have no row in the embedding, with what to do about it. */
  readonly withoutRow: ReadonlyMap<string, { why: string; todo: string }>;
  /** Matches every one, the longest of several at one place. */
  readonly pattern: RegExp;
}

const known = new WeakMap<ChatTemplate, ControlTokens>();

/**
 * The tokenizer's special tokens, those that its `chat_control_tokens` lists (as transformers does),
 * and the added tokens that frame the turns of the template. Tags of which the tokenizer has both
 * halves (`<think>` and `</think>`, `<tool_call>` and `</tool_call>`) stand inside a turn, where
 * the model is meant to write them: they count only where they are special.
 *
 * @param template made for this tokenizer
 */
export function controlTokens(tokenizer: Tokenizer, template: ChatTemplate): ControlTokens {
  let tokens = known.get(template);
  if (tokens === undefined) {
    const special = [...tokenizer.specialTokenIds].flatMap((id) => tokenizer.idToToken(id) ?? []);
    const framing = framingTokens(tokenizer, template);
    const finder = tokenFinder([...special, ...tokenizer.chatControlTokens, ...framing]);
    tokens = { ...finder, withoutRow: adviceOnTokens(tokenizer) };
    known.set(template, tokens);
  }
  return tokens;
}

/** The advice on each token without a row of a tokenizer, by its text. */
function adviceOnTokens({ tokensWithoutRow: tokens, options }: Tokenizer) {
  const rows = options.embeddingRows ?? 0;
  return new Map(tokens.map((token) => [token.text, adviceOnToken(token, rows)]));
}

function tokenFinder(texts: readonly string[]): Omit<ControlTokens, "withoutRow"> {
  const longestFirst = [...new Set(texts)]
    .filter((text) => text.trim() !== "")
    .sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapeRegExp).join("|") || "(?!)", "g");
  // Most texts have not even a first character of one, and that is searched for much faster.
  const firsts = [...new Set(longestFirst.map((text) => text[0]!))];
  const anyFirst = new RegExp(firsts.map(escapeRegExp).join("|") || "(?!)");
  return {
    has: (text) => anyFirst.test(text) && text.search(pattern) !== -1,
    pattern,
  };
}

/** Added tokens that a template puts between the words of a conversation. */
function framingTokens(tokenizer: Tokenizer, template: ChatTemplate): string[] {
  const added = new Set(tokenizer.addedTokens);
  const candidates = [...added].filter((text) => !isWord(text) && !isTag(text, added));
  return [
    ...template.stop.filter((text) => added.has(text)),
    ...tokensWrittenBy(template, tokenizer, candidates),
  ];
}

/** Of `texts`, those that a template writes around messages. */
export function tokensWrittenBy(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  texts: readonly string[],
): string[] {
  const turns: Message[] = [
    { role: "user", content: "question" },
    { role: "assistant", content: "answer" },
    { role: "user", content: "question" },
  ];
  const system: Message = { role: "system", content: "system" };
  return [turns, [system, ...turns]].flatMap((messages) => {
    const written = writtenBy(template, messages, tokenizer);
    return texts.filter((text) => written.includes(text));
  });
}

/** What a template makes of messages; nothing where it refuses them. */
function writtenBy(
  template: ChatTemplate,
  messages: readonly Message[],
  tokenizer: Tokenizer,
): string {
  try {
    return template
      .render(messages, { promptOnly: true })
      .map((part) => ("ids" in part ? part.ids.map(tokenizer.idToToken).join("") : part.text))
      .join("");
  } catch {
    return "";
  }
}

/** Text of a kind that any message has: letters, digits, white space. */
function isWord(text: string): boolean {
  return /^[\p{L}\p{N}\s_▁]*$/u.test(text);
}

/** One half of `<name>…</name>`, both of which are tokens. */
function isTag(text: string, added: ReadonlySet<string>): boolean {
  const name = /^<\/?([^/].*)>$/s.exec(text)?.[1];
  return name !== undefined && added.has(`<${name}>`) && added.has(`</${name}>`);
}
