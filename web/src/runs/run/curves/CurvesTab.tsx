import { memo, useMemo, useState } from "react";
import type { Notice, RunDetail } from "../../../../../src/serve/schema";
import { bothLanguages, useLanguage, useTexts } from "../../../language";
import { Card, Empty, Loaded, useFormats } from "../../../ui";
import { axisFormat } from "../../axis";
import { CurveControls, type CurveSettings, useCurveSettings } from "../../CurveControls";
import { CurveTable, columnsOf } from "../../CurveTable";
import { Chart, type ChartMark, type ChartSeries, smoothed, type Zoom } from "../../chart";
import {
  type Curves,
  isNoisy,
  metricTexts,
  type Panel,
  panelsOf,
  shortName,
  valueFormat,
} from "../../metrics";
import { type CurvesOnAxis, useCurves } from "../../useCurves";
import { useZoom } from "../../useZoom";
import { RowsDialog } from "../RowsDialog";
import type { LiveRun } from "../useRun";

const texts = bothLanguages(
  {
    none: "No curve yet",
    noneWhy: "The first values come after logging_steps steps.",
    training: "training",
    held: "held-out data",
    more: "More curves",
    attempts:
      "Dashed lines: where the run went on after it was stopped or cut off. It is one curve.",
    marks: "Triangles: steps that stand out. Click one to see its rows.",
    thinned: (shown: string, all: string) =>
      `${shown} of ${all} points are drawn: the lowest and the highest of each stretch.`,
    repetition: "repeated pieces",
    repeatedAnswers: "repeated answers",
    cutOff: "cut off",
    wrongLanguage: "other language",
    process: "process",
    peak: "process, most so far",
    device: "graphics card",
  },
  {
    none: "还没有曲线",
    noneWhy: "经过 logging_steps 步后会出现第一个值。",
    training: "训练",
    held: "验证集",
    more: "更多曲线",
    attempts: "虚线：训练在停止或中断后由此继续，整体是一条曲线。",
    marks: "三角形：异常的步，点击查看对应的数据行。",
    thinned: (shown: string, all: string) =>
      `共 ${all} 个点，绘制 ${shown} 个：每段的最低和最高值。`,
    repetition: "重复片段",
    repeatedAnswers: "重复回答",
    cutOff: "被截断",
    wrongLanguage: "语言不符",
    process: "进程",
    peak: "进程峰值",
    device: "显卡",
  },
);

export function CurvesTab({ run, detail }: { run: LiveRun; detail: RunDetail }) {
  const [settings, change] = useCurveSettings();
  const [zoom, setZoom] = useZoom(settings.axis);
  const curves = useCurves(detail.id, settings.axis, run.steps, run.points, detail.started);
  return (
    <>
      <CurveControls settings={settings} onChange={change} zoom={zoom} onZoom={setZoom} />
      <Loaded resource={curves}>
        {(data) => (
          <CurvesView
            detail={detail}
            data={data}
            settings={settings}
            zoom={zoom}
            onZoom={setZoom}
          />
        )}
      </Loaded>
    </>
  );
}

function CurvesView(props: {
  detail: RunDetail;
  data: CurvesOnAxis;
  settings: CurveSettings;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
}) {
  const t = useTexts(texts);
  const names = useTexts(metricTexts);
  const [rowsOf, setRowsOf] = useState<number | null>(null);
  const { detail, data, settings } = props;
  const { curves } = data;
  const metrics = Object.keys(curves);
  const { main, more } = useMemo(
    () => panelsOf(Object.keys(curves), (metric) => curves[metric]?.unit ?? null, names),
    [curves, names],
  );
  const lines = useMemo(() => attemptPlaces(detail, data), [detail, data]);
  const marks = useMemo(() => marksOf(detail.notices, data, setRowsOf), [detail.notices, data]);
  if (metrics.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
      </Empty>
    );
  }
  const charted = [...main, ...more].flatMap((panel) => panel.metrics);
  if (settings.isTable) {
    return <CurveTable name={detail.name} axis={data.axis} columns={columnsOf(curves, charted)} />;
  }
  const chart = (panel: Panel, height?: number) => (
    <Card key={panel.id}>
      <PanelChart
        panel={panel}
        data={data}
        settings={settings}
        zoom={props.zoom}
        onZoom={props.onZoom}
        lines={lines}
        marks={panel.id === "loss" || panel.id === "gradientNorm" ? marks : none}
        {...(height ? { height } : {})}
      />
    </Card>
  );
  const [first, ...others] = main;
  return (
    <>
      {first && chart(first, 320)}
      <Explanation curves={curves} hasAttempts={lines.length > 0} hasMarks={marks.length > 0} />
      <div className="chart-grid">{others.map((panel) => chart(panel))}</div>
      {more.length > 0 && (
        <details className="fold">
          <summary>{t.more}</summary>
          <div className="chart-grid">{more.map((panel) => chart(panel))}</div>
        </details>
      )}
      {rowsOf !== null && (
        <RowsDialog run={detail.id} step={rowsOf} onClose={() => setRowsOf(null)} />
      )}
    </>
  );
}

const none: readonly ChartMark[] = [];

function attemptPlaces(detail: RunDetail, data: CurvesOnAxis): number[] {
  return detail.attempts_list
    .filter(({ attempt }) => attempt > 1)
    .map(({ from_step }) => data.placeOf(from_step))
    .filter((place) => place !== null);
}

function marksOf(
  notices: readonly Notice[],
  data: CurvesOnAxis,
  onOpen: (step: number) => void,
): ChartMark[] {
  return notices
    .filter(({ kind }) => kind === "spike" || kind === "non_finite")
    .flatMap(({ step, text }) => {
      const x = data.placeOf(step);
      return x === null ? [] : [{ x, label: text, onClick: () => onOpen(step) }];
    });
}

function Explanation(props: { curves: Curves; hasAttempts: boolean; hasMarks: boolean }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const loss = props.curves["train/loss"];
  const isThinned = loss !== undefined && loss.points > loss.x.length;
  const told = [
    props.hasMarks && t.marks,
    props.hasAttempts && t.attempts,
    isThinned && t.thinned(count(loss.x.length), count(loss.points)),
  ].filter(Boolean);
  return told.length > 0 ? <p className="small soft">{told.join(" ")}</p> : null;
}

const PanelChart = memo(function PanelChart(props: {
  panel: Panel;
  data: CurvesOnAxis;
  settings: CurveSettings;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  lines: readonly number[];
  marks: readonly ChartMark[];
  height?: number;
}) {
  const t = useTexts(texts);
  const formats = useFormats();
  const [language] = useLanguage();
  const { panel, data, settings } = props;
  const { axis, curves } = data;
  const series = useMemo(
    () => seriesOf(panel, curves, settings.smoothing, t),
    [panel, curves, settings.smoothing, t],
  );
  return (
    <Chart
      title={panel.title}
      hint={panel.hint}
      series={series}
      format={valueFormat(panel.unit, panel.metrics[0]!, formats, language)}
      axis={axisFormat(axis, language, formats)}
      isLog={settings.isLog}
      group="run"
      zoom={props.zoom}
      onZoom={props.onZoom}
      lines={props.lines}
      marks={props.marks}
      {...(props.height ? { height: props.height } : {})}
    />
  );
});

/** Fewer values than this are shown as points, too. */
const fewValues = 30;

function seriesOf(
  panel: Panel,
  curves: Curves,
  smoothing: number,
  t: (typeof texts)["en"],
): ChartSeries[] {
  const labels: Record<string, string> = {
    "train/loss": t.training,
    "eval/loss": t.held,
    "train/rss_bytes": t.process,
    "train/peak_rss_bytes": t.peak,
    "train/device_bytes": t.device,
    "dialogue/repetition_rate": t.repetition,
    "dialogue/repeated_answer_rate": t.repeatedAnswers,
    "dialogue/cut_off_rate": t.cutOff,
    "dialogue/wrong_language_rate": t.wrongLanguage,
  };
  const isAlone = panel.metrics.length === 1 && panel.hint !== null;
  return panel.metrics.flatMap((metric, colour): ChartSeries[] => {
    const { x, y } = curves[metric]!;
    const label = labels[metric] ?? (isAlone ? panel.title : shortName(metric));
    const hasPoints = x.length < fewValues;
    if (!isNoisy(metric) || smoothing === 0) return [{ label, x, y, colour, hasPoints }];
    return [
      { label, x, y, colour, isFaint: true },
      { label, x, y: smoothed(y, smoothing), colour },
    ];
  });
}
