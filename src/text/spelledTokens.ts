/** Text of a row that spells a token which only the chat template may write. */
import { DataError } from "../util/errors.js";
import { type ControlTokens, controlTokens } from "./controlTokens.js";
import { closeSpelled, openSpelled } from "./marks.js";
import { place } from "./place.js";
import { textOf } from "./segmentText.js";
import { sliceRanges } from "./sliceText.js";
import type { Tokenizer } from "./tokenizer.js";
import type {
  ChatTemplate,
  Conversation,
  Message,
  RenderOptions,
  Segment,
  Source,
  TextSegment,
} from "./types.js";

/**
 * `error` refuses such a row, `text` encodes the token's text as ordinary characters, `token` takes
 * it for the token.
 */
export type SpecialTokensInText = "error" | "text" | "token";

/**
 * The same template for rows that may spell control tokens. `text` gives the ids of transformers'
 * `apply_chat_template` with `sanitize_control_tokens`: marks are put around such texts, the
 * template renders them, and what stands between marks then is encoded apart and as text.
 * Other rows are rendered once, as they are.
 */
export function guardedTemplate(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  mode: SpecialTokensInText,
): ChatTemplate {
  if (mode === "token") return template;
  const tokens = controlTokens(tokenizer, template);
  return {
    ...template,
    render(messages, options = {}) {
      const row = rowOf(messages, options);
      const plain = template.render(messages, options);
      if (!spells(row, tokens)) return plain;
      const spelled = [...spelledStrings(row, tokens)];
      const segments = renderLiteral(template, messages, options, tokens);
      if (textOf(segments) !== textOf(plain)) {
        throw cannotTell(spelled[0]!, template.name, options.source);
      }
      const written = literalTexts(segments);
      if (written.size === 0) return plain;
      if (mode === "text") return segments;
      throw refusal(spelled.find(({ token }) => written.has(token))!, tokens, options.source);
    },
  };
}

/**
 * Where a text that no template renders spells control tokens; undefined where it does not, or where
 * they are to be tokens.
 * @throws DataError in mode `error`
 */
export function literalRanges(
  text: string,
  tokens: ControlTokens,
  mode: SpecialTokensInText,
  source?: Source,
): TextSegment["literal"] {
  if (mode === "token" || !tokens.has(text)) return undefined;
  const found = [...text.matchAll(tokens.pattern)];
  if (mode === "error") throw refusal({ where: "the text", token: found[0]![0] }, tokens, source);
  return found.map(({ 0: token, index }) => [index, index + token.length]);
}

/**
 * Rejects text that a tokenizer reads as a token even where no added token is looked for, as
 * transformers does.
 * @throws DataError naming file and line
 */
export async function checkLiterals(
  segments: readonly Segment[],
  tokenizer: Tokenizer,
  source?: Source,
): Promise<void> {
  for (const token of literalTexts(segments)) {
    const id = tokenizer.tokenToId(token);
    if (id === undefined || !(await tokenizer.encode(token, { plain: true })).includes(id))
      continue;
    throw new DataError(`${place(source)}${token} cannot be encoded as ordinary text`, {
      why: `the tokenizer ${tokenizer.name} has it in its vocabulary as a piece of text`,
      todo: "change the text, or set special_tokens_in_text to token to learn it as the token",
    });
  }
}

interface Spelled {
  /** Such as `messages[2].content`. */
  where: string;
  token: string;
}

/** The tokens that a row's strings spell, whatever a template shows of them. */
export function tokensSpelledIn(
  { messages, tools, chatTemplateKwargs: variables }: Conversation,
  tokens: ControlTokens,
): Set<string> {
  const row = rowOf(messages, { tools, variables });
  if (!spells(row, tokens)) return new Set();
  return new Set([...spelledStrings(row, tokens)].map(({ token }) => token));
}

/** Whether a string or key inside a value spells a token. */
function spells(value: unknown, tokens: ControlTokens): boolean {
  if (typeof value === "string") return tokens.has(value);
  if (Array.isArray(value)) return value.some((item) => spells(item, tokens));
  if (!isContainer(value)) return false;
  return entriesOf(value).some(([key, item]) => tokens.has(key) || spells(item, tokens));
}

/** Every token that the strings and keys inside a value spell. */
function* spelledStrings(
  value: unknown,
  tokens: ControlTokens,
  where = "",
): Generator<Spelled, undefined> {
  if (typeof value === "string") {
    for (const [token] of value.matchAll(tokens.pattern)) yield { where, token };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* spelledStrings(item, tokens, `${where}[${index}]`);
    }
  } else if (isContainer(value)) {
    for (const [key, item] of entriesOf(value)) {
      const inside = where === "" ? key : `${where}.${key}`;
      yield* spelledStrings(key, tokens, inside);
      yield* spelledStrings(item, tokens, inside);
    }
  }
}

function renderLiteral(
  template: ChatTemplate,
  messages: readonly Message[],
  options: RenderOptions,
  tokens: ControlTokens,
): Segment[] {
  const {
    messages: marked,
    tools,
    chat_template_kwargs: variables,
  } = markSpelled(rowOf(messages, options), tokens);
  return withoutMarks(template.render(marked, { ...options, tools, variables }), tokens);
}

/** All that a row gives to a template. */
function rowOf(messages: readonly Message[], { tools, variables }: RenderOptions) {
  return { messages, tools, chat_template_kwargs: variables };
}

/** A copy with marks around every token that its strings and keys spell. */
function markSpelled<T>(value: T, tokens: ControlTokens): T {
  const mark = (text: string) =>
    tokens.has(text) ? text.replace(tokens.pattern, `${openSpelled}$&${closeSpelled}`) : text;
  const copy = (item: unknown): unknown => {
    if (typeof item === "string") return mark(item);
    if (Array.isArray(item)) return item.map(copy);
    if (!isContainer(item)) return item;
    const entries = entriesOf(item).map(([key, inner]) => [mark(key), copy(inner)] as const);
    return item instanceof Map ? new Map(entries) : Object.fromEntries(entries);
  };
  return copy(value) as T;
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Map || Object.getPrototypeOf(value) === Object.prototype;
}

function entriesOf(value: object): [string, unknown][] {
  return value instanceof Map ? [...value] : Object.entries(value);
}

/** Segments without marks; what pairs of marks enclosed is literal, and single marks break the text. */
function withoutMarks(segments: readonly Segment[], tokens: ControlTokens): Segment[] {
  const whole = textOf(segments);
  const enclosed = new RegExp(
    `${openSpelled}(${tokens.pattern.source})${closeSpelled}|[${openSpelled}${closeSpelled}]`,
    "g",
  );
  const ranges: [number, number][] = [];
  let dropped = 0;
  for (const { 0: found, 1: token = "", index } of whole.matchAll(enclosed)) {
    const start = index - dropped;
    ranges.push([start, start + token.length]);
    dropped += found.length - token.length;
  }
  let at = 0;
  return segments.map((segment) => {
    if ("ids" in segment) return segment;
    const text = segment.text.replace(/[\ufdd2\ufdd3]/g, "");
    const literal = sliceRanges(ranges, at, at + text.length);
    at += text.length;
    return literal.length === 0 ? { ...segment, text } : { ...segment, text, literal };
  });
}

/** What segments spell, each text once. */
export function literalTexts(segments: readonly Segment[]): Set<string> {
  const texts = segments.flatMap((part) =>
    "text" in part ? (part.literal ?? []).map(([start, end]) => part.text.slice(start, end)) : [],
  );
  return new Set(texts.filter((text) => text !== ""));
}

function refusal(
  { where, token }: Spelled,
  { withoutRow }: ControlTokens,
  source: Source | undefined,
): DataError {
  const advice = withoutRow.get(token);
  if (advice) {
    const what = `${where} spells ${token}, for which the model has no embedding`;
    return new DataError(`${place(source)}${what}`, advice);
  }
  return new DataError(`${place(source)}${where} spells the special token ${token}`, {
    why: "it would be learnt as that token; special_tokens_in_text text learns it as ordinary characters, token as the token",
    todo: "set special_tokens_in_text to what is meant, or change the row",
  });
}

function cannotTell(
  { where, token }: Spelled,
  name: string,
  source: Source | undefined,
): DataError {
  return new DataError(
    `${place(source)}chat template ${name} changes text that spells the special token ${token} (${where})`,
    {
      why: "what the template itself writes cannot be told from the row's text there",
      todo: "remove the token's text from the row, or set special_tokens_in_text to token to learn it as the token",
    },
  );
}
