/** The n-grams of a benchmark's questions, and how much of which question a text holds. */
import { eachNgram } from "./ngrams.js";
import { type NgramTable, ngramTable } from "./ngramTable.js";
import { eachToken } from "./tokens.js";
import type { ContaminationRules } from "./types.js";

/** A question to look for. */
export interface SoughtQuestion {
  /** Which task asks it; n-grams that are common in a task are ignored. */
  task: number;
  text: string;
}

/** A question of which a text holds something. */
export interface Overlap {
  /** Index of the question. */
  question: number;
  share: number;
  /** Where in the text the first n-gram begins. */
  start: number;
}

export interface QuestionIndex {
  /** Whether a question has enough n-grams of its own to be found. */
  isTold(question: number): boolean;
  /** Questions that a text shares n-grams with. */
  overlaps(text: string): Overlap[];
}

interface IndexedQuestion {
  task: number;
  tokens: Int32Array;
  /** Tokens of its n-grams; 0 where it is too short for any. */
  length: number;
  /** Index of its first token among all questions' tokens. */
  first: number;
  /** How many tokens stand in an n-gram that is not common. */
  telling: number;
}

export function indexQuestions(
  sought: readonly SoughtQuestion[],
  rules: ContaminationRules,
): QuestionIndex {
  const ids = new Map<string, number>();
  let count = 0;
  const questions = sought.map(({ task, text }): IndexedQuestion => {
    const { tokens, singles } = tokensOf(text, ids);
    const first = count;
    count += tokens.length;
    return { task, tokens, first, length: lengthOf(tokens.length, singles, rules), telling: 0 };
  });
  const owners = new Int32Array(count);
  questions.forEach(({ tokens, first }, index) => {
    owners.fill(index, first, first + tokens.length);
  });
  const all = tableOf(questions, new Uint8Array(count));
  const isCommon = commonPlaces(questions, owners, all, rules.commonQuestions);
  for (const question of questions) question.telling = tellingTokens(question, isCommon);
  const lengths = [...new Set(questions.map(({ length }) => length))].filter((one) => one > 0);
  const index = { ids, questions, owners, lengths, table: tableOf(questions, isCommon) };
  return {
    isTold: (question) => questions[question]!.telling > 0,
    overlaps: (text) => overlapsOf(text, index),
  };
}

/** The n-grams of all questions with their places, but for those that are left out. */
function tableOf(questions: readonly IndexedQuestion[], isLeftOut: Uint8Array): NgramTable {
  const table = ngramTable(isLeftOut.length);
  for (const { tokens, length, first } of questions) {
    if (length === 0) continue;
    eachNgram(tokens, length, (key, begin) => {
      if (!isLeftOut[first + begin]) table.add(key, first + begin);
    });
  }
  return table;
}

/** Numbers of a text's tokens; new ones are given numbers. */
function tokensOf(text: string, ids: Map<string, number>) {
  const tokens: number[] = [];
  let singles = 0;
  eachToken(text, (token, _start, isSingle) => {
    const id = ids.get(token) ?? ids.size;
    ids.set(token, id);
    tokens.push(id);
    if (isSingle) singles++;
  });
  return { tokens: Int32Array.from(tokens), singles };
}

function lengthOf(tokens: number, singles: number, rules: ContaminationRules): number {
  const [usual, few] =
    singles * 2 > tokens ? [rules.characters, rules.fewCharacters] : [rules.words, rules.fewWords];
  if (tokens >= usual) return usual;
  return tokens >= few ? few : 0;
}

/** Which n-grams stand in too many questions of their task, by the place where each begins. */
function commonPlaces(
  questions: readonly IndexedQuestion[],
  owners: Int32Array,
  table: NgramTable,
  limit: number,
): Uint8Array {
  const isCommon = new Uint8Array(owners.length);
  for (const { task, tokens, length, first } of questions) {
    if (length === 0) continue;
    eachNgram(tokens, length, (key, begin) => {
      const sharing = new Set<number>();
      for (let entry = table.first(key); entry >= 0; entry = table.next(entry)) {
        const owner = owners[table.value(entry)]!;
        if (questions[owner]!.task === task) sharing.add(owner);
        if (sharing.size > limit) break;
      }
      if (sharing.size > limit) isCommon[first + begin] = 1;
    });
  }
  return isCommon;
}

function tellingTokens({ tokens, length, first }: IndexedQuestion, isCommon: Uint8Array): number {
  if (length === 0) return 0;
  const covered = new Uint8Array(tokens.length);
  for (let begin = 0; begin + length <= tokens.length; begin++) {
    if (!isCommon[first + begin]) covered.fill(1, begin, begin + length);
  }
  return sum(covered);
}

interface Found {
  covered: Uint8Array;
  /** Index of the text's token where the first n-gram begins. */
  token: number;
}

interface SearchedIndex {
  ids: ReadonlyMap<string, number>;
  questions: readonly IndexedQuestion[];
  /** Indices of questions by place. */
  owners: Int32Array;
  lengths: readonly number[];
  table: NgramTable;
}

function overlapsOf(text: string, index: SearchedIndex): Overlap[] {
  const { ids, questions, owners, table, lengths } = index;
  const tokens: number[] = [];
  const starts: number[] = [];
  eachToken(text, (token, start) => {
    tokens.push(ids.get(token) ?? -1);
    starts.push(start);
  });
  const found = new Map<number, Found>();
  for (const length of lengths) {
    eachNgram(tokens, length, (key, token) => {
      for (let entry = table.first(key); entry >= 0; entry = table.next(entry)) {
        const place = table.value(entry);
        const owner = owners[place]!;
        const question = questions[owner]!;
        const one = found.get(owner) ?? { covered: new Uint8Array(question.tokens.length), token };
        found.set(owner, one);
        const begin = place - question.first;
        one.covered.fill(1, begin, begin + length);
        one.token = Math.min(one.token, token);
      }
    });
  }
  return [...found].map(([question, { covered, token }]) => ({
    question,
    share: sum(covered) / questions[question]!.telling,
    start: starts[token]!,
  }));
}

function sum(flags: Uint8Array): number {
  return flags.reduce((total, flag) => total + flag, 0);
}
