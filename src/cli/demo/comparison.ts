/** Answers before and after, side by side where there is room. */
import { clipText, padText, textWidth } from "../textWidth.js";

export interface ComparedAnswer {
  question: string;
  before: string;
  after: string;
}

/** How text is set off on a terminal; the identity where colours are off. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
}

/** Narrower than this, an answer's columns would hold a few words each. */
const leastSideBySide = 60;
const gap = " │ ";

/**
 * @param columns width to fill
 * @param mostLines lines of an answer before it is cut short
 */
export function renderComparison(
  answers: readonly ComparedAnswer[],
  columns: number,
  paint: Paint,
  mostLines = 6,
): string[] {
  return columns >= leastSideBySide
    ? sideBySide(answers, columns, paint, mostLines)
    : stacked(answers, columns, paint, mostLines);
}

function sideBySide(
  answers: readonly ComparedAnswer[],
  columns: number,
  paint: Paint,
  mostLines: number,
): string[] {
  const width = Math.floor((columns - textWidth(gap)) / 2);
  const rule = `${"─".repeat(width)}─┼─${"─".repeat(width)}`;
  const lines = [`${paint.bold(padText("before", width))}${gap}${paint.bold("after")}`];
  for (const { question, before, after } of answers) {
    const left = clipText(before, width, mostLines);
    const right = clipText(after, width, mostLines);
    lines.push(paint.dim(rule));
    lines.push(...clipText(question, columns, 2).map(paint.bold));
    for (let row = 0; row < Math.max(left.length, right.length); row++) {
      const cell = padText(left[row] ?? "", width);
      lines.push(`${paint.dim(cell)}${gap}${paint.green(right[row] ?? "")}`.trimEnd());
    }
  }
  return lines;
}

function stacked(
  answers: readonly ComparedAnswer[],
  columns: number,
  paint: Paint,
  mostLines: number,
): string[] {
  const block = (name: string, text: string, style: (line: string) => string) => [
    `${name}:`,
    ...clipText(text, columns - 2, mostLines).map((line) => `  ${style(line)}`),
  ];
  return answers.flatMap(({ question, before, after }, index) => [
    ...(index > 0 ? [""] : []),
    ...clipText(question, columns, 3).map(paint.bold),
    ...block("before", before, paint.dim),
    ...block("after", after, paint.green),
  ]);
}
