/** What makes a score less than it seems: guessing, one letter, few questions, changed prompts. */
import { type ChoiceAnswer, NORMAL_95 } from "../../compare/index.js";
import { biasedLetter, chanceLevel, letterAnswers, letterShares } from "../answerStatistics.js";
import { type Block, heading, list, warning } from "../blocks.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { labelOf, mainScore, taskNames } from "../scores.js";
import type { Words } from "../words/index.js";

/** Tasks that a line names. */
const MOST = 6;

export function watch(facts: ReportFacts, words: Words): Block[] {
  const { warnings, remarks } = watchLines(facts, words);
  if (warnings.length + remarks.length === 0) return [];
  return [
    heading(2, words.watch),
    ...warnings.map(warning),
    ...(remarks.length > 0 ? [list(remarks)] : []),
  ];
}

/** Faults that make scores meaningless, and what else a reader has to know. */
export function watchLines({ evaluation, base, comparison }: ReportFacts, words: Words) {
  const sides = [
    ...(base ? [{ who: words.base, side: base }] : []),
    { who: base ? words.tuned : words.model, side: evaluation },
  ];
  const warnings = [
    ...sides.flatMap(({ who, side }) => letterWarnings(side, who, words)),
    ...sides.flatMap(({ who, side }) => chanceWarnings(side, who, words)),
  ];
  const remarks = [
    ...limitRemarks(evaluation, words),
    ...(comparison ? onlyRemarks(comparison, words) : []),
    ...manyTests(comparison, words),
    ...noteLines(evaluation, words),
  ];
  return { warnings, remarks };
}

/** One warning a letter, for all tasks together that it stands out in. */
function letterWarnings(evaluation: ReportedEvaluation, who: string, words: Words): string[] {
  const byLetter = new Map<string, { task: string; answers: readonly ChoiceAnswer[] }[]>();
  for (const [task, samples] of Object.entries(evaluation.samples)) {
    const answers = letterAnswers(samples);
    const found = answers.length > 0 && biasedLetter(letterShares(answers));
    if (!found) continue;
    byLetter.set(found.letter, [...(byLetter.get(found.letter) ?? []), { task, answers }]);
  }
  return [...byLetter].map(([letter, tasks]) => {
    const { letters, predicted, gold } = letterShares(tasks.flatMap(({ answers }) => answers));
    const place = letters.indexOf(letter);
    const names = shortList(
      tasks.map(({ task }) => labelOf(evaluation, task)),
      words,
    );
    return words.alwaysLetter(who, letter, names, predicted[place]!, gold[place]!);
  });
}

function chanceWarnings(evaluation: ReportedEvaluation, who: string, words: Words): string[] {
  const lines = Object.entries(evaluation.samples).flatMap(([task, samples]) => {
    const chance = chanceLevel(samples);
    const score = mainScore(evaluation, task);
    if (chance === undefined || !score || score.stderr === null) return [];
    if (score.value - NORMAL_95 * score.stderr > chance) return [];
    return [words.scoreOf(labelOf(evaluation, task), score.value, chance)];
  });
  return lines.length === 0 ? [] : [words.atChance(who, shortList(lines, words))];
}

function shortList(items: readonly string[], words: Words): string {
  const rest = items.length - MOST;
  return [...items.slice(0, MOST), ...(rest > 0 ? [words.more(rest)] : [])].join(words.listComma);
}

function limitRemarks(evaluation: ReportedEvaluation, words: Words): string[] {
  const cut = taskNames(evaluation).flatMap((task) => {
    const counts = evaluation["n-samples"][task];
    return counts && counts.effective < counts.original ? [{ task, ...counts }] : [];
  });
  if (cut.length === 0) return [];
  const sum = (pick: (counts: (typeof cut)[number]) => number) =>
    cut.reduce((total, counts) => total + pick(counts), 0);
  const names = shortList(
    cut.map(({ task }) => labelOf(evaluation, task)),
    words,
  );
  return [
    words.limited(
      names,
      sum(({ effective }) => effective),
      sum(({ original }) => original),
    ),
  ];
}

function onlyRemarks(
  { onlyBase, onlyTuned }: NonNullable<ReportFacts["comparison"]>,
  words: Words,
): string[] {
  return [
    ...(onlyBase.length > 0 ? [words.onlyIn("base", onlyBase)] : []),
    ...(onlyTuned.length > 0 ? [words.onlyIn("tuned", onlyTuned)] : []),
  ];
}

function manyTests(comparison: ReportFacts["comparison"], words: Words): string[] {
  return Object.entries(comparison?.tested ?? {})
    .filter(([, count]) => count > 4)
    .map(([metric, count]) => words.manyTests(count, metric));
}

/** Each note once, with the tasks that it is about. */
export function noteLines({ notes }: Pick<ReportedEvaluation, "notes">, words: Words): string[] {
  const tasks = new Map<string, string[]>();
  for (const [task, lines] of Object.entries(notes ?? {})) {
    for (const line of lines) tasks.set(line, [...(tasks.get(line) ?? []), task]);
  }
  return [...tasks].map(([line, [first = "", ...more]]) =>
    words.noteOf(words.andMore(first, more.length), line),
  );
}
