/** Dialogues, turn by turn, of both models side by side. */
import { measures, type TranscriptTurn, transcriptOf } from "../../dialogue/index.js";
import { type Block, heading, quote, table } from "../blocks.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { showValue } from "../numbers.js";
import { DIALOGUE, isCount, labelOf, taskNames } from "../scores.js";
import type { Words } from "../words/index.js";

/** One model's answers. */
interface Side {
  who: string;
  turns: readonly TranscriptTurn[];
}

export function dialogues({ evaluation, base }: ReportFacts, words: Words): Block[] {
  const names = taskNames(evaluation).filter(
    (name) => evaluation.topics?.[name]?.benchmark === DIALOGUE,
  );
  return names.flatMap((name) => {
    const side = (of: ReportedEvaluation, who: string): Side[] =>
      name in of.samples ? [{ who, turns: transcriptOf(name, of.samples[name]!).turns }] : [];
    const sides = [
      ...(base ? side(base, words.base) : []),
      ...side(evaluation, base ? words.tuned : words.model),
    ];
    return [
      heading(2, words.dialogue(labelOf(evaluation, name))),
      ...measureTable(name, { evaluation, base }, words),
      ...turnBlocks(sides, words),
    ];
  });
}

function measureTable(name: string, { evaluation, base }: ReportFacts, words: Words): Block[] {
  const found = Object.keys(measures).filter(
    (measure) => typeof evaluation.results[name]?.[`${measure},none`] === "number",
  );
  const sides = [
    ...(base ? [{ title: words.base, side: base }] : []),
    { title: base ? words.tuned : words.model, side: evaluation },
  ];
  return table(
    words.measures,
    [
      { title: words.columns.metric },
      ...sides.map(({ title }) => ({ title, isNumber: true })),
      { title: words.columns.notes },
    ],
    found.map((measure) => [
      measure,
      ...sides.map(({ side }) => {
        const value = side.results[name]?.[`${measure},none`];
        return typeof value === "number" ? showValue(value, unitOf(measure)) : "–";
      }),
      words.measureNotes[measure as keyof typeof words.measureNotes] ?? "",
    ]),
  );
}

const unitOf = (measure: string) => (isCount(measure) ? "plain" : "points");

function turnBlocks(sides: readonly Side[], words: Words): Block[] {
  const longest = Math.max(0, ...sides.map(({ turns }) => turns.length));
  return Array.from({ length: longest }, (_, i) => {
    const answers = sides.flatMap(({ who, turns }) => {
      const turn = turns[i];
      return turn ? [{ who, turn }] : [];
    });
    const { question, reference } = answers[0]!.turn;
    return [
      quote(words.turn(i + 1), question),
      {
        kind: "beside" as const,
        columns: [
          ...answers.map(({ who, turn }) => ({
            label: answerLabel(who, turn, words),
            text: turn.answer,
          })),
          ...(reference === undefined ? [] : [{ label: words.reference, text: reference }]),
        ],
      },
    ];
  }).flat();
}

/** Who answered, and what is worth knowing of the answer at a glance. */
function answerLabel(who: string, { finishReason, measures: found }: TranscriptTurn, words: Words) {
  const { looping, repetition, other_language: other, tokens } = found;
  const remarks = [
    finishReason === "length" ? words.cutOff : "",
    finishReason === "error" ? words.noAnswer : "",
    looping ? words.looping : "",
    repetition ? words.repeats(repetition) : "",
    other ? words.otherLanguage : "",
    tokens === undefined ? "" : words.tokens(tokens),
  ].filter((remark) => remark !== "");
  return [who, ...remarks].join(words.comma);
}
