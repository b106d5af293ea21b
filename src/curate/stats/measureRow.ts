/** Counts one conversation into the measures. */
import {
  type Conversation,
  countScripts,
  type EncodedConversation,
  eastAsianShare,
  ignoredLabel,
  languageOf,
  scriptCounts,
} from "../../text/index.js";
import type { DataError } from "../../util/errors.js";
import { addLong, type LanguageMeasures, type Measures } from "./measures.js";
import { addLength } from "./sketch.js";
import { addTally } from "./tally.js";
import { findPlaceholders, type TokenKind } from "./textFindings.js";

/** A row that cannot be trained on: counted by its reason without place, numbers and names. */
export function measureRefusal(
  measures: Measures,
  error: DataError,
  source: { file: string; line: number },
): void {
  const place = `${source.file}:${source.line}: `;
  const what = error.message.startsWith(place) ? error.message.slice(place.length) : error.message;
  const reason = what
    .replace(/\b(call of) \S+/g, "$1 …")
    .replace(/"[^"]{0,200}"/g, '"…"')
    .replace(/\d+(?:\.\d+)?/g, "N");
  addTally(measures.refused, reason, 1, [source]);
}

/** How a text's language is found. */
export interface TextTools {
  detect(text: string): string;
  /** Whether tokens are counted too. */
  hasTokenizer: boolean;
}

/** Counts characters and everything that needs no tokenizer. @returns the row's language */
export function measureText(
  measures: Measures,
  conversation: Conversation,
  source: { file: string; line: number },
  tools: TextTools,
): LanguageMeasures {
  const { messages } = conversation;
  const counts = scriptCounts();
  const placeholders = new Set<string>();
  let turns = 0;
  let characters = 0;
  for (const { role, content } of messages) {
    countScripts(content, counts);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const own = total - characters;
    characters = total;
    const numbers = measures.roles[role];
    numbers.messages++;
    numbers.characters += own;
    if (content.trim() === "") numbers.empty++;
    if (role === "user") {
      turns++;
      addLength(measures.characters.question, own);
    }
    if (role === "assistant") addLength(measures.characters.answer, own);
    for (const found of findPlaceholders(content)) placeholders.add(found);
  }
  addLength(measures.turns, turns);
  addLength(measures.characters.conversation, characters);
  if (messages[0]?.role === "system") measures.rowsWithSystem++;
  const hasTools = conversation.tools !== undefined || messages.some(({ role }) => role === "tool");
  if (hasTools) measures.rowsWithTools++;
  for (const found of placeholders) addTally(measures.placeholders, found, 1, [source]);

  counts.forEach((count, index) => {
    measures.scripts[index] = measures.scripts[index]! + count;
  });
  const share = eastAsianShare(counts);
  if (share !== undefined && share >= 0.1 && share <= 0.9) measures.mixedRows++;
  const text = messages.map(({ content }) => content).join("\n");
  const language = languageOf(text, counts, tools.detect);
  let numbers = measures.languages.get(language);
  if (!numbers) {
    numbers = { rows: 0, characters: 0, tokens: 0, unknown: 0, pieces: 0 };
    measures.languages.set(language, numbers);
  }
  numbers.rows++;
  numbers.characters += characters;
  if (!tools.hasTokenizer) addLong(measures.longest, { length: characters, source });
  return numbers;
}

/**
 * Counts the tokens of a conversation that has been measured as text.
 * @param sequences what it is trained on as, uncut
 * @param contents ids of each message's text alone
 */
export function measureTokens(
  measures: Measures,
  language: LanguageMeasures,
  conversation: Conversation,
  sequences: readonly Pick<EncodedConversation, "inputIds" | "labels" | "labelledTokens">[],
  contents: readonly Int32Array[],
  source: { file: string; line: number },
  kindOf: (id: number) => TokenKind,
): void {
  const lengths = sequences.map(({ inputIds }) => inputIds.length);
  const length = lengths.reduce((sum, one) => sum + one, 0);
  const labelled = sequences.reduce((sum, { labelledTokens }) => sum + labelledTokens, 0);
  addLength(measures.tokens.conversation, length);
  addLong(measures.longest, { length, source });
  measures.labelledTokens += labelled;
  for (const [most, cut] of measures.truncation) {
    if (lengths.every((one) => one <= most)) continue;
    const kept = sequences.reduce((sum, { labels }) => sum + countLabels(labels, most), 0);
    cut.rowsCut++;
    cut.tokensLost += lengths.reduce((sum, one) => sum + Math.max(0, one - most), 0);
    cut.labelledLost += labelled - kept;
    if (kept === 0) cut.rowsWithoutLabel++;
  }
  for (const [index, { role }] of conversation.messages.entries()) {
    const ids = contents[index]!;
    if (role === "user") addLength(measures.tokens.question, ids.length);
    if (role === "assistant") addLength(measures.tokens.answer, ids.length);
    language.tokens += ids.length;
    for (const id of ids) {
      const kind = kindOf(id);
      if (kind === "unknown") language.unknown++;
      else if (kind === "piece") language.pieces++;
    }
  }
}

function countLabels(labels: Int32Array, most: number): number {
  let count = 0;
  const length = Math.min(most, labels.length);
  for (let index = 0; index < length; index++) if (labels[index] !== ignoredLabel) count++;
  return count;
}
