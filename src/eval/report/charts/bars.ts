/** Scores as horizontal bars with their intervals, one row a task or two with a base model. */
import { type Markup, markup } from "../../../util/markup.js";
import {
  type Axis,
  axisOf,
  legend,
  picture,
  pixel,
  shortened,
  verticalGrid,
  WIDTH,
} from "./axes.js";

export interface Bar {
  value: number;
  interval: readonly [low: number, high: number] | null;
}

export interface BarRow {
  label: string;
  tuned: Bar;
  base?: Bar | undefined;
}

export interface BarChart {
  title: string;
  description: string;
  axis: string;
  rows: readonly BarRow[];
  /** What guessing gives, and how the chart says it. */
  chance?: { value: number; label: string } | undefined;
  names: { tuned: string; base: string };
}

const LEFT = 208;
const RIGHT = WIDTH - 24;
const TOP = 34;

export function drawBars({
  title,
  description,
  axis: name,
  rows,
  chance,
  names,
}: BarChart): Markup {
  const isPaired = rows.some(({ base }) => base);
  const pitch = isPaired ? 28 : 20;
  const bottom = TOP + rows.length * pitch + 4;
  const axis = axisOf([0, 1], LEFT, RIGHT);
  const bars = rows.map(({ label, tuned, base }, i) => {
    const y = TOP + i * pitch;
    const text = markup`<text x="${LEFT - 8}" y="${y + pitch / 2 + 4}" text-anchor="end">${shortened(label, 27)}</text>`;
    if (!base) return markup`${text}${drawBar(axis, tuned, "tuned", y + 3, pitch - 6)}`;
    return markup`${text}${drawBar(axis, base, "base", y + 3, 10)}${drawBar(axis, tuned, "tuned", y + 14, 10)}`;
  });
  const entries = [
    ...(isPaired ? [{ className: "base", text: names.base }] : []),
    { className: "tuned", text: names.tuned },
  ];
  return picture(title, description, bottom + 44, [
    ...legend(entries, LEFT, 20),
    ...verticalGrid(axis, TOP, bottom, name, (value) => String(Math.round(value * 100))),
    ...bars,
    ...(chance ? [drawChance(axis.at(chance.value), chance.label, bottom)] : []),
  ]);
}

function drawBar(
  axis: Axis,
  { value, interval }: Bar,
  className: string,
  y: number,
  height: number,
) {
  const width = pixel(Math.max(1, axis.at(value) - axis.at(0)));
  const bar = markup`<rect class="${className}" x="${axis.at(0)}" y="${y}" width="${width}" height="${height}"/>`;
  if (!interval) return bar;
  const [low, high] = interval.map((end) => axis.at(end));
  const middle = y + height / 2;
  return markup`${bar}<path class="interval" d="M${low!} ${middle}H${high!}M${low!} ${middle - 3}v6M${high!} ${middle - 3}v6"/>`;
}

function drawChance(x: number, label: string, bottom: number): Markup {
  return markup`<line class="chance" x1="${x}" x2="${x}" y1="${TOP - 4}" y2="${bottom}"/><text x="${RIGHT}" y="20" text-anchor="end">┆ ${label}</text>`;
}
