/** One chart: title, legend with the values at the cursor, and curves. */
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import type uPlot from "uplot";
import { bothLanguages, useTexts } from "../../language";
import { Hint } from "../../ui";
import type { AxisFormat } from "../axis";
import type { ValueFormat } from "../metrics";
import { seriesColour, seriesDash, useColours } from "./colours";
import { alignedData, makePlot, type PlotSettings } from "./plot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";

export interface ChartSeries {
  label: string;
  x: readonly number[];
  /** Null where the value was not finite. */
  y: readonly (number | null)[];
  /** Place among the series' colours and dashes. */
  colour: number;
  /** Drawn thin and pale, left out of the legend: the raw values behind smoothed ones. */
  isFaint?: boolean;
  /** Drawn with points: few values far apart. */
  hasPoints?: boolean;
}

/** A place that is pointed out, below the curves. */
export interface ChartMark {
  x: number;
  label: string;
  onClick: () => void;
}

/** The part of the x axis that is shown; null for all. */
export type Zoom = readonly [from: number, to: number] | null;

const texts = bothLanguages(
  {
    hide: (name: string) => `Hide or show ${name}`,
    summary: (name: string, last: string, lowest: string) =>
      `${name}: ${last} at the end, ${lowest} at its lowest`,
    keys: "Arrow keys move the cursor, Escape shows all.",
  },
  {
    hide: (name: string) => `隐藏或显示 ${name}`,
    summary: (name: string, last: string, lowest: string) =>
      `${name}：末尾 ${last}，最低 ${lowest}`,
    keys: "方向键移动光标，Esc 显示全部。",
  },
);

export function Chart(props: {
  title: string;
  hint?: ReactNode;
  series: readonly ChartSeries[];
  format: ValueFormat;
  axis: AxisFormat;
  isLog: boolean;
  /** Charts of one group move their cursors together. */
  group: string;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  marks?: readonly ChartMark[];
  /** Vertical lines, such as where an attempt began. */
  lines?: readonly number[];
  height?: number;
}) {
  const t = useTexts(texts);
  const titleId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const [cursor, setCursor] = useState<number | null>(null);
  const colours = useColours();
  const shown = useMemo(
    () => props.series.filter(({ label }) => !hidden.includes(label)),
    [props.series, hidden],
  );
  const data = useMemo(() => alignedData(shown, props.isLog), [shown, props.isLog]);
  const latest = useRef(props);
  latest.current = props;
  const { height = 220, isLog, group } = props;
  const shape = JSON.stringify([
    shown.map(({ label, colour, isFaint, hasPoints }) => [label, colour, isFaint, hasPoints]),
    isLog,
    height,
    group,
    props.axis.name,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a plot is made anew where its shape changes
  useEffect(() => {
    if (!frame.current) return;
    const settings: PlotSettings = {
      series: shown,
      isLog,
      height,
      group,
      colours,
      formatY: (value) => latest.current.format.tick(value),
      formatTick: (x) => latest.current.axis.tick(x),
      xLabel: latest.current.axis.name,
      isWhole: latest.current.axis.isCount,
      lines: () => latest.current.lines ?? [],
      onZoom: (zoom) => latest.current.onZoom(zoom),
      onCursor: setCursor,
      onDraw: placeMarks,
    };
    const made = makePlot(settings, data, frame.current);
    plot.current = made;
    showZoom(made, latest.current.zoom);
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== made.width) made.setSize({ width, height });
    });
    observer.observe(frame.current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, colours]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    if (made.data !== data) made.setData(data, false);
    showZoom(made, props.zoom);
  }, [data, props.zoom]);

  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    const to = { Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[event.key];
    if (event.key === "Escape") props.onZoom(null);
    if (plot.current === null || (by === undefined && to === undefined)) return;
    event.preventDefault();
    moveCursor(plot.current, by, to);
  };
  const listed = props.series.filter(({ isFaint }) => !isFaint);
  return (
    <figure className="chart" aria-labelledby={titleId}>
      <figcaption>
        <h2 id={titleId}>
          {props.title}{" "}
          {props.format.unit && <span className="small soft">{props.format.unit}</span>}
          {props.hint && <Hint about={props.title}>{props.hint}</Hint>}
        </h2>
        <Legend
          series={listed}
          hidden={hidden}
          onToggle={setHidden}
          valueOf={(series) => valueAt(shown, data, series, cursor)}
          format={props.format.value}
          at={cursor === null ? null : (data[0][cursor] ?? null)}
          formatX={props.axis.place}
        />
      </figcaption>
      <div
        className="chart-frame"
        ref={frame}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move the cursor
        tabIndex={0}
        style={{ height }}
        aria-label={`${listed.map((one) => summaryOf(one, props.format.value, t.summary)).join("; ")}. ${t.keys}`}
        onKeyDown={onKey}
      />
      {props.marks && props.marks.length > 0 && (
        <div className="chart-marks">
          {props.marks.map(({ x, label, onClick }) => (
            <button
              key={`${x} ${label}`}
              type="button"
              data-x={x}
              title={label}
              aria-label={label}
              onClick={onClick}
            />
          ))}
        </div>
      )}
    </figure>
  );
}

/** Moves the cursor `by` points, or to a place, within the part that is shown. */
function moveCursor(plot: uPlot, by = 0, to = plot.cursor.idx ?? Number.NEGATIVE_INFINITY): void {
  const first = plot.valToIdx(plot.scales.x!.min!);
  const last = plot.valToIdx(plot.scales.x!.max!);
  const x = plot.data[0][Math.min(last, Math.max(first, to + by))];
  if (x !== undefined) plot.setCursor({ left: plot.valToPos(x, "x"), top: 20 });
}

/** The value of a series that the legend shows: at the cursor, or its last. */
function valueAt(
  shown: readonly ChartSeries[],
  data: uPlot.AlignedData,
  series: ChartSeries,
  cursor: number | null,
): number | null {
  const at = shown.indexOf(series);
  if (at < 0) return null;
  const values = data[at + 1]!;
  // Where a curve has no point of its own, its nearest one before.
  for (let i = Math.min(cursor ?? values.length, values.length - 1); i >= 0; i--) {
    const value = values[i];
    if (value !== undefined) return value;
  }
  return null;
}

function summaryOf(
  { label, y }: ChartSeries,
  format: (value: number | null) => string,
  tell: (name: string, last: string, lowest: string) => string,
): string {
  const lowest = y.reduce<number | null>(
    (least, value) => (value === null || (least !== null && least <= value) ? least : value),
    null,
  );
  return tell(label, format(y.at(-1) ?? null), format(lowest));
}

function showZoom(plot: uPlot, zoom: Zoom): void {
  const all = plot.data[0];
  const [min, max] = zoom ?? [all[0] ?? 0, all.at(-1) ?? 1];
  plot.batch(() => plot.setScale("x", { min, max: max > min ? max : min + 1 }));
}

/** Buttons for marks lie on the x axis, whose places only the plot knows. */
function placeMarks(plot: uPlot): void {
  const buttons = plot.root.closest("figure")?.querySelectorAll<HTMLElement>(".chart-marks button");
  for (const button of buttons ?? []) {
    const left = plot.valToPos(Number(button.dataset.x), "x");
    button.hidden = left < 0 || left > plot.over.clientWidth;
    button.style.left = `${plot.over.offsetLeft + left}px`;
  }
}

function Legend(props: {
  series: readonly ChartSeries[];
  hidden: readonly string[];
  onToggle: (hidden: readonly string[]) => void;
  valueOf: (series: ChartSeries) => number | null;
  format: (value: number | null) => string;
  at: number | null;
  formatX: (value: number) => string;
}) {
  const t = useTexts(texts);
  const toggle = (label: string) =>
    props.onToggle(
      props.hidden.includes(label)
        ? props.hidden.filter((other) => other !== label)
        : [...props.hidden, label],
    );
  return (
    <div className="chart-legend small figures">
      {props.series.map((series) => {
        const isHidden = props.hidden.includes(series.label);
        return (
          <button
            key={series.label}
            type="button"
            aria-pressed={!isHidden}
            title={t.hide(series.label)}
            onClick={() => toggle(series.label)}
          >
            <LegendLine index={series.colour} />
            {series.label} <b>{isHidden ? "" : props.format(props.valueOf(series))}</b>
          </button>
        );
      })}
      <span className="soft">{props.at === null ? "" : props.formatX(props.at)}</span>
    </div>
  );
}

/** A piece of a series' line. */
export function LegendLine({ index }: { index: number }) {
  return (
    <svg className="legend-line" width="16" height="4" aria-hidden="true">
      <line
        x1="0"
        x2="16"
        y1="2"
        y2="2"
        style={{ stroke: seriesColour(index) }}
        strokeDasharray={seriesDash(index).join(" ")}
      />
    </svg>
  );
}
