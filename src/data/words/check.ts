/** Refuses conversations of which a chat template leaves out what they say. */
import {
  type ChatTemplate,
  type Conversation,
  type ReasoningChoice,
  renderConversation,
  type Segment,
  textOf,
} from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { stringifyJson } from "../../util/json/index.js";
import type { LeftOut } from "../leftOut.js";
import { lostError } from "./errors.js";
import { findLost, type LostWords, partKey, type Shown } from "./marks.js";
import { mapWords, type Part } from "./words.js";

/**
 * What is learnt has to be what the row says: every message, its reasoning and its name, the calls of
 * tools with their arguments, and the tools' definitions. Conversations of one shape are rendered
 * alike, so the first of each tells by marks whether all is shown and in which order; for the others
 * it is enough to find their words in that order. Where they are not found, marks tell.
 * @param segments of the rendered conversation
 * @param reasoning with `last` and `split`, that of all turns but the last may be left out
 * @returns what is left out as chosen, and what is left out but should not be
 */
export function checkWords(
  conversation: Conversation,
  segments: readonly Segment[],
  template: ChatTemplate,
  reasoning: ReasoningChoice | undefined,
): CheckedWords {
  if (conversation.kind === "text") return { leftOut: { reasoning: 0, keys: [] } };
  const earlierMayGo = reasoning === "last" || reasoning === "split";
  const said = readWords(conversation);
  const keys = unreadKeys(conversation, template);
  const text = textOf(segments);
  const known = ordersOf(template);
  const order = known.get(said.shape);
  if (order && isSaid(said.words, order, text)) return { leftOut: { reasoning: 0, keys } };
  const shown = lookClosely(conversation, said, text, template);
  if (shown.lost.length === 0) {
    if (shown.order.length === 0) return { leftOut: { reasoning: 0, keys } };
    if (known.size === mostShapes) known.clear();
    known.set(said.shape, shown.order.map(partKey));
    return { leftOut: { reasoning: 0, keys } };
  }
  const last = conversation.messages.findLastIndex(
    ({ role, continues }) => role === "assistant" && !continues,
  );
  const mayGo = ({ part }: LostWords) =>
    earlierMayGo && part.kind === "reasoning" && part.message < last;
  const isLabel = ({ part }: LostWords) =>
    part.kind === "key" && !isProse(conversation.messages[part.message]![part.name]);
  const refused = shown.lost.find((lost) => !mayGo(lost) && !isLabel(lost));
  const turns = shown.lost.filter(({ part }) => part.kind === "reasoning");
  const labels = shown.lost.filter(isLabel).map(({ part }) => keyName(part.name));
  return {
    leftOut: {
      reasoning: new Set(turns.map(({ part }) => part.message)).size,
      keys: [...new Set([...keys, ...labels])],
    },
    ...(refused && { error: lostError(refused, conversation, template, last, reasoning) }),
  };
}

/** What was found out about one conversation. */
interface CheckedWords {
  leftOut: Omit<LeftOut, "joined">;
  /** Names file, line and what is left out. */
  error?: DataError;
}

/**
 * By marks in its words; where the template rejects such words, by the words themselves, which may
 * stand anywhere.
 */
function lookClosely(
  conversation: Conversation,
  { words }: Said,
  text: string,
  template: ChatTemplate,
): Shown {
  try {
    return findLost(conversation, (marked) =>
      textOf(renderConversation(marked, template, { promptOnly: true })),
    );
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const lost = [...words.values()].flatMap(({ part, words: own }) => {
      const from = own.find((word) => endOf(word.trim(), text, 0) === undefined);
      return from === undefined ? [] : [{ part, from, isPartly: own.length > 1 }];
    });
    return { lost, order: [] };
  }
}

/** Orders of parts, by the shape of conversations of which everything is shown. */
const orders = new WeakMap<ChatTemplate, Map<string, string[]>>();

const mostShapes = 2000;

function ordersOf(template: ChatTemplate): Map<string, string[]> {
  const known = orders.get(template) ?? new Map<string, string[]>();
  orders.set(template, known);
  return known;
}

interface Said {
  /** Which parts there are: conversations of the same shape are rendered alike. */
  shape: string;
  words: Map<string, { part: Part; words: string[] }>;
}

function readWords(conversation: Conversation): Said {
  const words: Said["words"] = new Map();
  const add = (word: string, part: Part) => {
    const key = partKey(part);
    const known = words.get(key);
    if (known) known.words.push(word);
    else words.set(key, { part, words: [word] });
  };
  mapWords(conversation, {
    text(text, part) {
      add(text, part);
      return text;
    },
    number(value, part) {
      add(String(value), part);
      return value;
    },
  });
  const { messages, tools, chatTemplateKwargs } = conversation;
  const roles = messages.map(({ role, continues, tool_calls: calls }) =>
    [role[0], continues ? "+" : "", calls?.length ?? ""].join(""),
  );
  const variables = chatTemplateKwargs === undefined ? "" : stringifyJson(chatTemplateKwargs);
  const shape = [...roles, tools?.length ?? 0, ...words.keys(), variables].join("|");
  return { shape, words };
}

/** Whether the words stand in a text one after the other. */
function isSaid(words: Said["words"], order: readonly string[], text: string): boolean {
  let at = 0;
  for (const key of order) {
    for (const word of words.get(key)?.words ?? []) {
      const end = endOf(word.trim(), text, at);
      if (end === undefined) return false;
      at = end;
    }
  }
  return true;
}

function endOf(word: string, text: string, from: number): number | undefined {
  const at = text.indexOf(word, from);
  if (at !== -1) return at + word.length;
  const escaped = JSON.stringify(word).slice(1, -1);
  const there = escaped === word ? -1 : text.indexOf(escaped, from);
  return there === -1 ? undefined : there + escaped.length;
}

/** More than a label: words with spaces between, or a script that has none. */
function isProse(value: unknown): boolean {
  const text = typeof value === "string" ? value : stringifyJson(value);
  return /\p{L}{2,}\s+\p{L}/u.test(text) || /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Thai}]{3}/u.test(text);
}

const ownKeys = new Set(["role", "content", "train", "continues", "tool_calls", "tool_call_id"]);

/** Keys without words (numbers, flags), and variables of the row, that the template never reads. */
function unreadKeys(
  { messages, chatTemplateKwargs = {} }: Conversation,
  template: ChatTemplate,
): string[] {
  const unread = new Set<string>();
  for (const message of messages) {
    for (const key of Object.keys(message)) {
      if (ownKeys.has(key) || typeof message[key] === "string") continue;
      if (message[key] !== null && !template.mentions(key)) unread.add(keyName(key));
    }
  }
  for (const name of Object.keys(chatTemplateKwargs)) {
    if (!template.mentions(name)) unread.add(`chat_template_kwargs.${name}`);
  }
  return [...unread];
}

function keyName(key: string): string {
  return `messages[].${key}`;
}
