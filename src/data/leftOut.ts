/** What sequences do not hold as rows say it: counted, and told. */
import type { Source } from "../text/index.js";

/** Of one row. */
export interface LeftOut {
  /** Turns whose reasoning is in none of the row's sequences. */
  reasoning: number;
  /** Keys that neither training nor the template reads, as `messages[].KEY`. */
  keys: readonly string[];
  /** Messages that were joined to the one before, being of its role. */
  joined: number;
}

/** Rows with something, and the first of them. */
export interface Found {
  rows: number;
  first: Source;
}

/** Messages that were joined to the one before. */
export interface JoinedMessages extends Found {
  messages: number;
}

/** Of many rows, as plain data that threads can send. */
export interface LeftOutCounts {
  reasoning: (Found & { turns: number }) | undefined;
  keys: Record<string, Found>;
  joined: JoinedMessages | undefined;
}

export const nothingLeftOut = (): LeftOutCounts => ({
  reasoning: undefined,
  keys: {},
  joined: undefined,
});

/** Counts one row, which comes after those that are counted. */
export function addLeftOut(
  counts: LeftOutCounts,
  { reasoning, keys, joined }: LeftOut,
  first: Source,
) {
  const named = keys.map((key) => [key, { rows: 1, first }] as const);
  mergeLeftOut(counts, {
    reasoning: reasoning > 0 ? { turns: reasoning, rows: 1, first } : undefined,
    keys: Object.fromEntries(named),
    joined: joined > 0 ? { messages: joined, rows: 1, first } : undefined,
  });
}

/** @param other of rows that come after those of `into` */
export function mergeLeftOut(into: LeftOutCounts, other: LeftOutCounts): void {
  if (other.reasoning) {
    const { turns, rows, first } = into.reasoning ?? { ...other.reasoning, turns: 0, rows: 0 };
    into.reasoning = {
      turns: turns + other.reasoning.turns,
      rows: rows + other.reasoning.rows,
      first,
    };
  }
  if (other.joined) {
    const { messages, rows, first } = into.joined ?? { ...other.joined, messages: 0, rows: 0 };
    into.joined = {
      messages: messages + other.joined.messages,
      rows: rows + other.joined.rows,
      first,
    };
  }
  for (const [key, found] of Object.entries(other.keys)) {
    const known = Object.hasOwn(into.keys, key) ? into.keys[key] : undefined;
    into.keys[key] = known ? { ...known, rows: known.rows + found.rows } : found;
  }
}

/** The counts in words, a line each. */
export function leftOutLines({ reasoning, keys, joined }: LeftOutCounts): string[] {
  const lines = Object.entries(keys).map(
    ([key, { rows, first }]) =>
      `${key} of ${count(rows, "row")} has no effect: neither training nor the chat template reads it (first at ${place(first)})`,
  );
  if (joined) lines.unshift(joinedLine(joined));
  if (reasoning === undefined) return lines;
  const { turns, rows, first } = reasoning;
  return [
    `the reasoning of ${count(turns, "turn")} in ${count(rows, "row")} is left out (first at ${place(first)})`,
    ...lines,
  ];
}

/** How many messages were joined, in words. */
export function joinedLine({ messages, rows, first }: JoinedMessages): string {
  return `${count(messages, "message")} in ${count(rows, "row")} joined to the one before, of the same role, with an empty line between (first at ${place(first)})`;
}

function place({ file, line }: Source): string {
  return `${file}:${line}`;
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}
