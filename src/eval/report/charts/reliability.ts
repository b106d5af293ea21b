/** Whether answers that a model is sure of are right. */
import { type Markup, markup } from "../../../util/markup.js";
import type { ReliabilityBin } from "../answerStatistics.js";
import { axisOf, horizontalGrid, legend, picture, pixel, verticalGrid } from "./axes.js";

export interface ReliabilitySeries {
  className: "base" | "tuned";
  text: string;
  bins: readonly ReliabilityBin[];
}

const LEFT = 56;
const RIGHT = 456;
const TOP = 36;
const BOTTOM = 316;

export function drawReliability(
  title: string,
  description: string,
  axisName: string,
  series: readonly ReliabilitySeries[],
): Markup {
  const across = axisOf([0, 1], LEFT, RIGHT);
  const up = axisOf([0, 1], BOTTOM, TOP);
  const most = Math.max(1, ...series.flatMap(({ bins }) => bins.map(({ count }) => count)));
  const dots = series.flatMap(({ className, bins }) => {
    const points = bins.map(({ probability, accuracy, count }) => ({
      x: across.at(probability),
      y: up.at(accuracy),
      radius: pixel(3 + 9 * Math.sqrt(count / most)),
    }));
    const line = points.map(({ x, y }) => `${x} ${y}`).join("L");
    return [
      markup`<path class="trend ${className}" d="M${line}"/>`,
      ...points.map(
        ({ x, y, radius }) =>
          markup`<circle class="${className}" cx="${x}" cy="${y}" r="${radius}"/>`,
      ),
    ];
  });
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  return picture(title, description, BOTTOM + 44, [
    ...legend(series, LEFT, 18),
    ...horizontalGrid(up, LEFT, RIGHT, percent),
    ...verticalGrid(across, TOP, BOTTOM, axisName, percent),
    markup`<line class="chance" x1="${LEFT}" y1="${BOTTOM}" x2="${RIGHT}" y2="${TOP}"/>`,
    ...dots,
  ]);
}
