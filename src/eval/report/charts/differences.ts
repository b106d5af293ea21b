/** Differences as dots on their intervals, sorted. */
import { type Markup, markup } from "../../../util/markup.js";
import { showDifference } from "../numbers.js";
import { axisOf, picture, shortened, verticalGrid, WIDTH } from "./axes.js";

export interface DifferenceRow {
  label: string;
  difference: number;
  interval: readonly [low: number, high: number] | null;
  /** Whether it is more than noise. */
  isReal: boolean;
  isBetter: boolean;
}

const LEFT = 208;
const RIGHT = WIDTH - 24;
const TOP = 12;
const PITCH = 20;

export function drawDifferences(
  title: string,
  description: string,
  axisName: string,
  rows: readonly DifferenceRow[],
): Markup {
  const sorted = [...rows].sort((one, other) => other.difference - one.difference);
  const ends = sorted.flatMap(({ difference, interval }) => [difference, ...(interval ?? [])]);
  const reach = Math.max(0.01, ...ends.map(Math.abs));
  const axis = axisOf([-reach, reach], LEFT, RIGHT, 7);
  const bottom = TOP + sorted.length * PITCH + 4;
  const dots = sorted.map(({ label, difference, interval, isReal, isBetter }, i) => {
    const y = TOP + i * PITCH + PITCH / 2;
    const tone = isBetter ? "better" : "worse";
    const line = interval
      ? markup`<line class="interval" x1="${axis.at(interval[0])}" x2="${axis.at(interval[1])}" y1="${y}" y2="${y}"/>`
      : markup``;
    return markup`<text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${shortened(label, 27)}</text>${line}<circle class="${tone}${isReal ? "" : " hollow"}" cx="${axis.at(difference)}" cy="${y}" r="4.5"/>`;
  });
  const zero = axis.at(0);
  return picture(title, description, bottom + 44, [
    ...verticalGrid(axis, TOP, bottom, axisName, (value) =>
      showDifference(value).replace(/\.0$/, ""),
    ),
    markup`<line class="zero" x1="${zero}" x2="${zero}" y1="${TOP}" y2="${bottom}"/>`,
    ...dots,
  ]);
}
