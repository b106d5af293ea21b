/** Which letters are answered, beside which are right. */
import { type Markup, markup } from "../../../util/markup.js";
import { showValue } from "../numbers.js";
import { axisOf, horizontalGrid, legend, picture, pixel, WIDTH } from "./axes.js";

/** Shares by letter of one model, or of the right answers. */
export interface LetterSeries {
  className: "gold" | "base" | "tuned";
  text: string;
  /** [letter] */
  shares: readonly number[];
}

const LEFT = 56;
const RIGHT = WIDTH - 24;
const TOP = 36;
const BOTTOM = 200;

export function drawLetters(
  title: string,
  description: string,
  letters: readonly string[],
  series: readonly LetterSeries[],
): Markup {
  const most = Math.max(0.5, ...series.flatMap(({ shares }) => shares));
  const axis = axisOf([0, Math.min(1, Math.ceil(most * 10) / 10)], BOTTOM, TOP, 5);
  const room = (RIGHT - LEFT) / letters.length;
  const width = Math.min(48, (room - 24) / series.length);
  const bars = letters.flatMap((letter, i) => {
    const middle = LEFT + (i + 0.5) * room;
    const start = middle - (width * series.length) / 2;
    const drawn = series.map(({ className, shares }, j) => {
      const top = axis.at(shares[i] ?? 0);
      const x = pixel(start + j * width);
      return markup`<rect class="${className}" x="${x}" y="${top}" width="${pixel(width - 3)}" height="${pixel(BOTTOM - top)}"/><text x="${pixel(x + (width - 3) / 2)}" y="${top - 4}" text-anchor="middle">${showValue(shares[i] ?? 0).replace(/\.\d$/, "")}</text>`;
    });
    return [
      ...drawn,
      markup`<text x="${pixel(middle)}" y="${BOTTOM + 18}" text-anchor="middle" font-weight="600">${letter}</text>`,
    ];
  });
  return picture(title, description, BOTTOM + 30, [
    ...legend(series, LEFT, 18),
    ...horizontalGrid(axis, LEFT, RIGHT, (value) => `${Math.round(value * 100)}%`),
    ...bars,
  ]);
}
