/** Charts as SVG: drawn here, so that the page needs nothing from anywhere. */
import type { LengthReport } from "../../../curate/stats/index.js";
import { binName, percent, short, whole } from "../../../util/figures.js";
import { type Markup, markup } from "../../../util/markup.js";

const width = 560;
const height = 190;
/** Room for the numbers of the axis, also in the larger letters of a narrow screen. */
const left = 60;
const bottom = 24;
const top = 26;
const plotWidth = width - left - 8;
const plotHeight = height - top - bottom;
const widestColumn = 72;

/** A round number that is a fourth of the highest or a little more. */
function tickStep(highest: number): number {
  const wanted = highest / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= wanted)! * power;
  return Math.max(1, Math.ceil(step));
}

const round = (value: number) => Math.round(value * 10) / 10;

/** Columns of a histogram, with lines at the median, the 90th and the 99th percentile. */
export function histogramChart({ histogram, count, p50, p90, p99 }: LengthReport): Markup {
  const highest = Math.max(...histogram.map((bin) => bin.count));
  const step = tickStep(highest);
  const scale = plotHeight / (Math.ceil(highest / step) * step);
  const column = Math.min(plotWidth / histogram.length, widestColumn);
  const ground = top + plotHeight;
  const grid: Markup[] = [];
  for (let tick = 0; tick <= highest + step - 1; tick += step) {
    const y = round(ground - tick * scale);
    if (y < top - 1) break;
    grid.push(
      markup`<line class="grid" x1="${left}" x2="${width - 8}" y1="${y}" y2="${y}"/><text class="tick" x="${left - 6}" y="${y + 3.5}" text-anchor="end">${short(tick)}</text>`,
    );
  }
  const columns = histogram.map((bin, index) => {
    const tall = bin.count === 0 ? 0 : Math.max(1.5, bin.count * scale);
    const title = `${binName(bin.from, bin.to)}: ${whole(bin.count)} (${percent(bin.count / count)})`;
    return markup`<rect class="column${bin.to === null ? " last" : ""}" x="${round(left + index * column + 1)}" y="${round(ground - tall)}" width="${round(Math.max(1, column - 2))}" height="${round(tall)}" rx="2"><title>${title}</title></rect>`;
  });
  const every = Math.ceil(histogram.length / 8);
  const names = histogram.flatMap((bin, index) => {
    const isLast = index === histogram.length - 1 && bin.to === null;
    const near = histogram.length - 1 - index < every && histogram.at(-1)!.to === null;
    if (!isLast && (index % every !== 0 || (index > 0 && near))) return [];
    // The last name is long and ends with the page.
    const x = isLast ? round(left + histogram.length * column) : round(left + index * column + 1);
    const anchor = isLast ? "end" : "start";
    const text = isLast ? `≥${short(bin.from)}` : short(bin.from);
    return [
      markup`<text class="tick" x="${x}" y="${height - 7}" text-anchor="${anchor}">${text}</text>`,
    ];
  });
  const position = (value: number) => {
    const index = histogram.findIndex(({ to }) => to === null || value < to);
    const { from, to } = histogram[index]!;
    const inside = to === null ? 0.5 : (value - from + 0.5) / (to - from);
    return round(left + (index + inside) * column);
  };
  const marks = (
    [
      ["p50", p50],
      ["p90", p90],
      ["p99", p99],
    ] as const
  ).map(([name, value], index, all) => {
    const x = position(value);
    const before = index > 0 ? position(all[index - 1]![1]) : Number.NEGATIVE_INFINITY;
    const text =
      x - before < 36
        ? markup``
        : markup`<text class="mark" x="${Math.min(x, width - 16)}" y="${top - 12}" text-anchor="middle">${name}</text>`;
    return markup`<line class="mark" x1="${x}" x2="${x}" y1="${top - 8}" y2="${ground}"><title>${name}: ${whole(value)}</title></line>${text}`;
  });
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" class="chart" aria-label="p50 ${whole(p50)}, p90 ${whole(p90)}, p99 ${whole(p99)}">${grid}${columns}${marks}<line class="axis" x1="${left}" x2="${width - 8}" y1="${ground}" y2="${ground}"/>${names}</svg>`;
}

/** One ring of which `share` is filled. */
export function ringChart(share: number): Markup {
  const radius = 42;
  const around = 2 * Math.PI * radius;
  return markup`<svg viewBox="0 0 120 120" class="ring" aria-hidden="true"><circle class="track" cx="60" cy="60" r="${radius}"/><circle class="fill" cx="60" cy="60" r="${radius}" stroke-dasharray="${round(share * around)} ${round(around)}" transform="rotate(-90 60 60)"/><text x="60" y="60" text-anchor="middle" dominant-baseline="central">${percent(share)}</text></svg>`;
}

/** A part of a bar, 0 to 1; `tone` 1 to 8 is its colour. */
export interface BarPart {
  share: number;
  tone: number;
  title: string;
}

/** A horizontal bar of parts, over its whole width. */
export function partsBar(parts: readonly BarPart[]): Markup {
  let at = 0;
  const drawn = parts.map(({ share, tone, title }) => {
    const x = round(1000 * at);
    at += share;
    return markup`<rect class="tone${tone}" x="${x}" y="0" width="${Math.max(0, round(1000 * share) - 2)}" height="20"><title>${title}</title></rect>`;
  });
  return markup`<svg viewBox="0 0 1000 20" preserveAspectRatio="none" class="parts" aria-hidden="true">${drawn}</svg>`;
}

/** A bar from the left, for a cell of a table. */
export function shareBar(share: number, kind: "good" | "bad" | "plain" = "plain"): Markup {
  return markup`<svg viewBox="0 0 100 8" preserveAspectRatio="none" class="share ${kind}" aria-hidden="true"><rect class="track" width="100" height="8" rx="2"/><rect class="fill" width="${round(100 * share)}" height="8" rx="2"/></svg>`;
}
