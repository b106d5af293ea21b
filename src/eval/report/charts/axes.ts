/** What all charts share: frame, ticks, text that is cut to its room. Colours are the page's. */
import { type Markup, markup } from "../../../util/markup.js";
import { type Scale, scaleOf } from "../../../util/scale.js";

/** Pixels of a chart; pages show it as wide as there is room, and let it be scrolled where there is less. */
export const WIDTH = 720;

export const pixel = (value: number) => Math.round(value * 10) / 10;

/** A scale from low to high with ticks, in pixels. */
export interface Axis {
  ticks: readonly number[];
  at(value: number): number;
}

/** @param from pixel of the lowest value, `to` of the highest */
export function axisOf(values: readonly number[], from: number, to: number, count = 6): Axis {
  const scale: Scale = scaleOf(values, count);
  return { ticks: scale.ticks, at: (value) => pixel(from + scale.place(value) * (to - from)) };
}

/** Vertical lines with their numbers below, and the axis's name. */
export function verticalGrid(
  axis: Axis,
  top: number,
  bottom: number,
  label: string,
  show: (value: number) => string,
): Markup[] {
  const lines = axis.ticks.map((tick) => {
    const x = axis.at(tick);
    return markup`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${show(tick)}</text>`;
  });
  const [first, last] = [axis.ticks[0]!, axis.ticks.at(-1)!];
  const middle = pixel((axis.at(first) + axis.at(last)) / 2);
  return [
    ...lines,
    markup`<text x="${middle}" y="${bottom + 34}" text-anchor="middle">${label}</text>`,
  ];
}

/** Horizontal lines with their numbers to the left. */
export function horizontalGrid(
  axis: Axis,
  left: number,
  right: number,
  show: (value: number) => string,
): Markup[] {
  return axis.ticks.map((tick) => {
    const y = axis.at(tick);
    return markup`<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/><text x="${left - 8}" y="${y + 4}" text-anchor="end">${show(tick)}</text>`;
  });
}

/** Squares with names, in a row. */
export function legend(
  entries: readonly { className: string; text: string }[],
  left: number,
  y: number,
): Markup[] {
  let x = left;
  return entries.map(({ className, text }) => {
    const mark = markup`<rect class="${className}" x="${x}" y="${y - 9}" width="10" height="10"/><text x="${x + 16}" y="${y}">${text}</text>`;
    x += 34 + 13 * [...text].length * (/\p{Script=Han}/u.test(text) ? 1 : 0.56);
    return mark;
  });
}

/** An `<svg>` with its words for screen readers. */
export function picture(
  title: string,
  description: string,
  height: number,
  content: readonly Markup[],
): Markup {
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}. ${description}">${content}</svg>`;
}

/** Text of at most so many columns; characters of Chinese take two. */
export function shortened(text: string, columns: number): string {
  let width = 0;
  let kept = "";
  for (const character of text) {
    width += /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\u{20000}-\u{3fffd}]/u.test(character)
      ? 2
      : 1;
    if (width > columns) return `${kept.slice(0, -1)}…`;
    kept += character;
  }
  return kept;
}
