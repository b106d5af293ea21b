/** Dialogues, turn by turn, of both models side by side. */
import type { Sample } from "../../samples.js";
import { type Block, heading, quote, table } from "../blocks.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { showValue } from "../numbers.js";
import { DIALOGUE, isCount, labelOf, taskNames } from "../scores.js";
import type { Words } from "../words/index.js";

/** One model's answers, a sample each turn. */
interface Side {
  who: string;
  turns: readonly Sample[];
}

export function dialogues({ evaluation, base }: ReportFacts, words: Words): Block[] {
  const names = taskNames(evaluation).filter(
    (name) => evaluation.topics?.[name]?.benchmark === DIALOGUE,
  );
  return names.flatMap((name) => {
    const side = (of: ReportedEvaluation, who: string): Side[] =>
      name in of.samples ? [{ who, turns: of.samples[name]! }] : [];
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
  const found = Object.keys(words.measureNotes).filter(
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
      const sample = turns[i];
      return sample ? [{ who, sample }] : [];
    });
    const { question = "", reference } = answers[0]!.sample.doc as DialogueDoc;
    return [
      quote(words.turn(i + 1), question),
      {
        kind: "beside" as const,
        columns: [
          ...answers.map(({ who, sample }) => ({
            label: answerLabel(who, sample, words),
            text: String(sample.filtered_resps[0] ?? ""),
          })),
          ...(reference === undefined ? [] : [{ label: words.reference, text: reference }]),
        ],
      },
    ];
  }).flat();
}

/** What a dialogue's samples say of a turn. */
interface DialogueDoc {
  question?: string;
  reference?: string;
}

/** Who answered, and what is worth knowing of the answer at a glance. */
function answerLabel(who: string, sample: Sample, words: Words): string {
  const { finish_reason: finish, looping, repetition, other_language: other, tokens } = sample;
  const remarks = [
    finish === "length" ? words.cutOff : "",
    finish === "error" ? String(sample.error ?? finish) : "",
    looping === 1 ? words.looping : "",
    typeof repetition === "number" && repetition > 0 ? words.repeats(repetition) : "",
    other === 1 ? words.otherLanguage : "",
    typeof tokens === "number" ? words.tokens(tokens) : "",
  ].filter((remark) => remark !== "");
  return [who, ...remarks].join(words.comma);
}
