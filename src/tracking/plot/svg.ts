/** Charts as SVG, with everything inside: it opens in a browser, an editor or a report, offline. */
import { type Markup, markup } from "../../util/markup.js";
import { formatValue, type Scale, scaleOf } from "../../util/scale.js";
import { type Curve, type Panel, valuesOf } from "./types.js";

/** A panel as it is drawn. */
export interface Chart {
  panel: Panel;
  /** Curves as they were before smoothing, drawn faintly behind. */
  behind?: Panel;
  isLogarithmic: boolean;
}

/** Pixels of a chart. */
export const size = { width: 560, height: 300 } as const;

/** Pixels between the edge of a chart and its plot area. */
export const margin = { left: 64, right: 16, top: 32, bottom: 40 } as const;

const across = size.width - margin.left - margin.right;
const down = size.height - margin.top - margin.bottom;
const ground = margin.top + down;

/** Colours that stay apart in most kinds of colour blindness (Okabe & Ito 2008), one a run. */
const colours = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#e69f00",
  "#7a5195",
  "#777777",
] as const;

/** Colour of a run's line; beyond the colours, lines are dashed, then dotted. */
function lineStyle(run: number): Markup {
  const dash = ["none", "6 3", "2 3"][Math.floor(run / colours.length) % 3]!;
  return markup`stroke="${colours[run % colours.length]!}" stroke-dasharray="${dash}"`;
}

/** The mark of a run in a legend, 24 by 8 pixels at the given place. */
export function legendMark(run: number, x = 0, y = 0): Markup {
  return markup`<svg x="${x}" y="${y}" width="24" height="8"><line x2="24" y1="4" y2="4" stroke-width="2" ${lineStyle(run)}/></svg>`;
}

/** Where values lie on a chart. */
export interface Frame {
  x: Scale;
  y: Scale;
}

export function frameOf({ panel, behind, isLogarithmic }: Chart): Frame {
  const { curves } = behind ?? panel;
  return {
    x: scaleOf(valuesOf(curves, "x"), 6),
    y: scaleOf(valuesOf(curves, "y"), 6, isLogarithmic),
  };
}

/** One chart as an `<svg>` element at a place in another one. */
export function drawChart(chart: Chart, x = 0, y = 0): Markup {
  const { panel, behind } = chart;
  const frame = frameOf(chart);
  const line = (opacity: number) => (curve: Curve, run: number) =>
    markup`<path data-run="${run}" d="${pathOf(curve, frame)}" fill="none" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round" opacity="${opacity}" ${lineStyle(run)}/>`;
  const { width, height } = size;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" x="${x}" y="${y}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${panel.metric}" font-family="system-ui, sans-serif" font-size="11" fill="currentColor">
<text x="${margin.left}" y="18" font-size="13" font-weight="600">${panel.metric}</text>
<text x="${margin.left + across / 2}" y="${height - 6}" text-anchor="middle">${panel.xLabel}</text>
${gridOf(frame)}
${(behind?.curves ?? []).map(line(0.25))}
${panel.curves.map(line(1))}
</svg>`;
}

function gridOf({ x, y }: Frame): Markup[] {
  const right = margin.left + across;
  const horizontal = y.ticks.map((tick) => {
    const at = pixel(ground - y.place(tick) * down);
    return markup`<line x1="${margin.left}" y1="${at}" x2="${right}" y2="${at}" stroke="currentColor" opacity="0.15"/><text x="${margin.left - 6}" y="${at + 4}" text-anchor="end">${formatValue(tick)}</text>`;
  });
  const vertical = x.ticks.map((tick) => {
    const at = pixel(margin.left + x.place(tick) * across);
    return markup`<line x1="${at}" y1="${margin.top}" x2="${at}" y2="${ground}" stroke="currentColor" opacity="0.15"/><text x="${at}" y="${ground + 15}" text-anchor="middle">${formatValue(tick)}</text>`;
  });
  return [...horizontal, ...vertical];
}

/** The line begins anew behind a value that is not finite; a lone point is a short stroke. */
function pathOf({ x, y }: Curve, frame: Frame): string {
  let path = "";
  let isOpen = false;
  for (let i = 0; i < x.length; i++) {
    const place = frame.y.place(y[i]!);
    if (!Number.isFinite(place)) {
      isOpen = false;
      continue;
    }
    const left = pixel(margin.left + frame.x.place(x[i]!) * across);
    const top = pixel(ground - place * down);
    path += isOpen ? `L${left} ${top}` : `M${left} ${top}h.1`;
    isOpen = true;
  }
  return path;
}

const pixel = (value: number) => Math.round(value * 10) / 10;

/** All charts, two beside each other, below a legend: an SVG file. */
export function drawSvgFile(runs: readonly string[], charts: readonly Chart[]): string {
  const columns = charts.length > 1 ? 2 : 1;
  const gap = 16;
  const head = gap + 18 * runs.length;
  const width = columns * (size.width + gap) + gap;
  const height = head + Math.ceil(charts.length / columns) * (size.height + gap) + gap;
  const legend = runs.map((run, i) => {
    const y = gap + 18 * i;
    return markup`${legendMark(i, gap, y - 4)}<text x="${gap + 32}" y="${y + 4}">${run}</text>\n`;
  });
  const drawn = charts.map((chart, i) => {
    const x = gap + (i % columns) * (size.width + gap);
    return drawChart(chart, x, head + Math.floor(i / columns) * (size.height + gap));
  });
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" color="#222" fill="currentColor" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${legend}
${drawn}
</svg>
`.html;
}
