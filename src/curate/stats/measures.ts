/** What is counted about rows, as plain data that threads can send and that adds up. */
import { type LeftOutCounts, mergeLeftOut, nothingLeftOut } from "../../data/index.js";
import { type Role, type ScriptCounts, type Source, scriptCounts } from "../../text/index.js";
import { type LengthSketch, lengthSketch, mergeLengths } from "./sketch.js";
import { mergeTallies, type Tallies } from "./tally.js";

/** Lengths of whole conversations, of user messages and of assistant messages. */
export interface Lengths {
  conversation: LengthSketch;
  question: LengthSketch;
  answer: LengthSketch;
}

export interface Truncation {
  rowsCut: number;
  tokensLost: number;
  labelledLost: number;
  /** Rows of which nothing would be learnt. */
  rowsWithoutLabel: number;
}

export interface LanguageMeasures {
  rows: number;
  characters: number;
  /** Tokens of the messages alone, without what the template adds. */
  tokens: number;
  /** Of them, those that stand for text the vocabulary has nothing for. */
  unknown: number;
  /** Of them, those that are bytes of a character that the vocabulary does not have whole. */
  pieces: number;
}

export interface LongRow {
  length: number;
  source: Source;
}

export interface Measures {
  /** Rows that were looked at, refused ones included. */
  rows: number;
  refused: Tallies;
  roles: Record<Role, { messages: number; characters: number; empty: number }>;
  /** User messages of each conversation. */
  turns: LengthSketch;
  characters: Lengths;
  /** Empty sketches where tokens are not counted. */
  tokens: Lengths;
  labelledTokens: number;
  /** By max_seq_length. */
  truncation: Map<number, Truncation>;
  languages: Map<string, LanguageMeasures>;
  scripts: ScriptCounts;
  /** Rows that are in Chinese, Japanese or Korean and in another script, a tenth or more each. */
  mixedRows: number;
  rowsWithSystem: number;
  rowsWithTools: number;
  placeholders: Tallies;
  specialTokens: Tallies;
  /** What rows say and sequences do not hold. */
  leftOut: LeftOutCounts;
  /** By tokens, or by characters where tokens are not counted. */
  longest: LongRow[];
}

const lengths = (): Lengths => ({
  conversation: lengthSketch(),
  question: lengthSketch(),
  answer: lengthSketch(),
});

/** @param maxSeqLengths for which truncation is counted */
export function emptyMeasures(maxSeqLengths: readonly number[]): Measures {
  const role = () => ({ messages: 0, characters: 0, empty: 0 });
  return {
    rows: 0,
    refused: new Map(),
    roles: { system: role(), user: role(), assistant: role(), tool: role() },
    turns: lengthSketch(),
    characters: lengths(),
    tokens: lengths(),
    labelledTokens: 0,
    truncation: new Map(
      maxSeqLengths.map((length) => [
        length,
        { rowsCut: 0, tokensLost: 0, labelledLost: 0, rowsWithoutLabel: 0 },
      ]),
    ),
    languages: new Map(),
    scripts: scriptCounts(),
    mixedRows: 0,
    rowsWithSystem: 0,
    rowsWithTools: 0,
    placeholders: new Map(),
    specialTokens: new Map(),
    leftOut: nothingLeftOut(),
    longest: [],
  };
}

const keptLongest = 10;

export function addLong(longest: LongRow[], row: LongRow): void {
  if (longest.length === keptLongest && row.length <= longest.at(-1)!.length) return;
  const at = longest.findIndex(({ length }) => length < row.length);
  longest.splice(at === -1 ? longest.length : at, 0, row);
  longest.length = Math.min(longest.length, keptLongest);
}

/** Adds all numbers of `from` to those of `into`. */
function addNumbers<T extends object>(into: T, from: T): void {
  for (const key of Object.keys(from) as (keyof T)[]) {
    into[key] = ((into[key] as number) + (from[key] as number)) as T[keyof T];
  }
}

/** @param other of rows that come after those of `into` */
export function mergeMeasures(into: Measures, other: Measures): void {
  into.rows += other.rows;
  into.labelledTokens += other.labelledTokens;
  into.mixedRows += other.mixedRows;
  into.rowsWithSystem += other.rowsWithSystem;
  into.rowsWithTools += other.rowsWithTools;
  for (const name of ["refused", "placeholders", "specialTokens"] as const) {
    mergeTallies(into[name], other[name]);
  }
  for (const role of Object.keys(into.roles) as Role[]) {
    addNumbers(into.roles[role], other.roles[role]);
  }
  mergeLeftOut(into.leftOut, other.leftOut);
  mergeLengths(into.turns, other.turns);
  for (const unit of ["characters", "tokens"] as const) {
    for (const part of ["conversation", "question", "answer"] as const) {
      mergeLengths(into[unit][part], other[unit][part]);
    }
  }
  for (const [length, cut] of other.truncation) addNumbers(into.truncation.get(length)!, cut);
  for (const [language, numbers] of other.languages) {
    const known = into.languages.get(language);
    if (known) addNumbers(known, numbers);
    else into.languages.set(language, { ...numbers });
  }
  into.scripts.forEach((count, index) => {
    into.scripts[index] = count + other.scripts[index]!;
  });
  for (const row of other.longest) addLong(into.longest, row);
}
