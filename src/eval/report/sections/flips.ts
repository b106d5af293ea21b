/** The questions that only one of two models has right, with what both answered. */
import type { Answer, ChoiceAnswer, Flip, TextAnswer } from "../../compare/index.js";
import { type Block, type Cell, details, heading, paragraph, quote, table } from "../blocks.js";
import type { ReportFacts } from "../input.js";
import { showValue } from "../numbers.js";
import { mainScore } from "../scores.js";
import type { Words } from "../words/index.js";

/** Questions of each direction that a report shows, evenly over the tasks. */
const MOST = 24;

export function flips({ evaluation, comparison }: ReportFacts, words: Words): Block[] {
  if (!comparison) return [];
  // One metric a task: a question that flips by two metrics is one question.
  const all = comparison.flips.filter(
    ({ task, metric }) => mainScore(evaluation, task)?.key === metric,
  );
  const lost = all.filter(({ direction }) => direction === "lost");
  const gained = all.filter(({ direction }) => direction === "gained");
  if (all.length === 0) return [];
  return [
    heading(2, words.flips),
    paragraph(words.flipsCount(lost.length, gained.length)),
    ...directionBlocks(words.lost(lost.length), lost, words),
    ...directionBlocks(words.gained(gained.length), gained, words),
  ];
}

function directionBlocks(title: string, all: readonly Flip[], words: Words): Block[] {
  if (all.length === 0) return [];
  const shown = spread(all, MOST);
  return [
    heading(3, title),
    paragraph(words.shownOf(shown.length, all.length)),
    ...shown.map((flip) => flipBlock(flip, words)),
  ];
}

/** Some of many, at equal distances, so that no task takes all the room. */
function spread<Value>(values: readonly Value[], count: number): Value[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]!);
}

function flipBlock(flip: Flip, words: Words): Block {
  const { task, doc_id, prompt, questionStart, base, tuned } = flip;
  const question = prompt.slice(questionStart);
  return details(words.flipTitle(task, doc_id), [
    quote(words.question, question),
    ...answerBlocks(base, tuned, words),
    ...(questionStart > 0 ? [details(words.wholePrompt, [quote(words.wholePrompt, prompt)])] : []),
  ]);
}

function answerBlocks(base: Answer, tuned: Answer, words: Words): Block[] {
  if (base.kind === "choice" && tuned.kind === "choice") return choiceTable(base, tuned, words);
  return [
    ...(base.kind === "text" ? textBlocks(base, words.base, words) : []),
    ...(tuned.kind === "text" ? textBlocks(tuned, words.tuned, words) : []),
    ...(tuned.kind === "text" ? [paragraph(words.rightAnswer(lastWords(tuned.gold)))] : []),
  ];
}

/** The end of a long right answer, where a worked solution has its result. */
function lastWords(text: string): string {
  return text.length <= 300 ? text : `…${text.slice(-300)}`;
}

function choiceTable(base: ChoiceAnswer, tuned: ChoiceAnswer, words: Words): Block[] {
  const { columns } = words;
  const number = (title: string) => ({ title, isNumber: true });
  const rows = tuned.choices.map((choice, i): Cell[] => {
    const isGold = tuned.gold.includes(i);
    return [
      isGold ? { text: `${choice} (${words.right})`, tone: "better" } : choice,
      ...[base, tuned].flatMap(({ probabilities, logprobs, predicted }): Cell[] => [
        `${showValue(probabilities[i] ?? Number.NaN)}%${predicted === i ? ` (${words.chosen})` : ""}`,
        { text: (logprobs[i] ?? Number.NaN).toFixed(2).replace("-", "\u2212"), tone: "quiet" },
      ]),
    ];
  });
  return table(
    words.answerTable,
    [
      { title: columns.choice },
      number(columns.base),
      number(columns.logprob),
      number(columns.tuned),
      number(columns.logprob),
    ],
    rows,
  );
}

function textBlocks({ text, filtered }: TextAnswer, who: string, words: Words): Block[] {
  const taken = filtered === text ? [] : [paragraph(words.filteredTo(filtered))];
  return [quote(words.saidBy(who), text), ...taken];
}
