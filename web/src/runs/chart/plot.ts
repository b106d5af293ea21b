/** uPlot set up in the page's style. */
import uPlot from "uplot";
import type { ChartSeries, Zoom } from "./Chart";
import { type Colours, seriesDash } from "./colours";

export interface PlotSettings {
  series: readonly ChartSeries[];
  isLog: boolean;
  height: number;
  group: string;
  colours: Colours;
  formatY: (value: number) => string;
  formatTick: (x: number) => string;
  xLabel: string;
  /** Whether there is nothing between two whole numbers of the x axis. */
  isWhole: boolean;
  lines: () => readonly number[];
  onZoom: (zoom: Zoom) => void;
  /** @param index of the point under the cursor; null where there is none */
  onCursor: (index: number | null) => void;
  onDraw: (plot: uPlot) => void;
}

const font = `12px ${'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'}`;

/** Curves on one x axis; a place that a curve has no point at is undefined, one that was not finite null. */
export function alignedData(series: readonly ChartSeries[], isLog: boolean): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  const tables = series.map(({ x, y }): uPlot.AlignedData => {
    // A logarithm knows no zero.
    const values = isLog ? y.map((value) => (value !== null && value > 0 ? value : null)) : [...y];
    return [[...x], values];
  });
  return tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

export function makePlot(
  settings: PlotSettings,
  data: uPlot.AlignedData,
  frame: HTMLElement,
): uPlot {
  const { colours, isLog, group } = settings;
  const axis = {
    stroke: colours["ink-soft"],
    font,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: Math.max(1, Math.floor(frame.clientWidth)),
    height: settings.height,
    legend: { show: false },
    scales: {
      x: { time: false, auto: false },
      y: isLog ? { distr: 3 } : { range: (_plot, low, high) => paddedRange(low, high) },
    },
    cursor: {
      sync: { key: group, scales: ["x", null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      bind: { dblclick: () => () => reset(settings) },
    },
    axes: [
      {
        ...axis,
        values: (_plot, ticks) => ticks.map(settings.formatTick),
        space: 70,
        ...(settings.isWhole ? { incrs: wholeSteps } : {}),
        size: 28,
        label: settings.xLabel,
        labelSize: 20,
        labelFont: font,
      },
      {
        ...axis,
        size: 76,
        values: (_plot, ticks) =>
          ticks.map((tick) => (tick === null ? "" : settings.formatY(tick))),
      },
    ],
    series: [{}, ...settings.series.map((one) => seriesOptions(one, colours))],
    hooks: {
      setSelect: [(plot) => select(plot, settings)],
      setCursor: [(plot) => settings.onCursor(plot.cursor.idx ?? null)],
      draw: [(plot) => drawLines(plot, settings), settings.onDraw],
    },
  };
  return new uPlot(options, data, frame);
}

/** Distances between ticks of counts: 1, 2, 5, 10, … */
const wholeSteps = Array.from({ length: 13 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

const padding = 0.08;

/** Room around the values; what is never negative is not shown below zero. */
function paddedRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || (low === 0 && high === 0)) return [0, 1];
  const room = (high - low || Math.abs(low)) * padding;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function reset(settings: PlotSettings): null {
  settings.onZoom(null);
  return null;
}

function seriesOptions(series: ChartSeries, colours: Colours): uPlot.Series {
  const colour = colours.series[series.colour % colours.series.length]!;
  return {
    label: series.label,
    stroke: colour,
    width: series.isFaint ? 1 : 2,
    alpha: series.isFaint ? 0.3 : 1,
    dash: seriesDash(series.colour),
    points: { show: series.hasPoints || series.x.length < 2, size: 6, fill: colour },
  };
}

/** Narrower is a click, not a choice of a part. */
const leastPixels = 4;

function select(plot: uPlot, settings: PlotSettings): void {
  const { left, width } = plot.select;
  if (width < leastPixels) return;
  const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  settings.onZoom([from, to]);
}

function drawLines(plot: uPlot, { lines, colours }: PlotSettings): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colours["ink-soft"];
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const x of lines()) {
    const left = plot.valToPos(x, "x", true);
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
