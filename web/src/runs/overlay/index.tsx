/** The curves of several runs over each other, and what their configurations differ in. */
import { useMemo, useState } from "react";
import type { ConfigValue } from "../../../../src/serve/schema";
import { addressOf, replaceAddress, useRoute } from "../../app/route";
import { useTitle } from "../../app/title";
import { bothLanguages, useLanguage, useTexts } from "../../language";
import { Button, Card, Empty, Failure, Loading, TableFrame, useFormats } from "../../ui";
import { overlayAddress, runAddress } from "../addresses";
import { axisFormat } from "../axis";
import { CurveControls, type CurveSettings, useCurveSettings } from "../CurveControls";
import { type Column, CurveTable } from "../CurveTable";
import { Chart, type ChartSeries, LegendLine, smoothed, type Zoom } from "../chart";
import {
  isNoisy,
  type MetricTexts,
  metricTexts,
  panelsOf,
  shortName,
  valueFormat,
} from "../metrics";
import { RunStateBadge } from "../RunStateBadge";
import { useZoom } from "../useZoom";
import { valueText } from "../valueText";
import { type OverlaidRun, useOverlay } from "./useOverlay";

const texts = bothLanguages(
  {
    runs: "Runs",
    title: (n: number) => `${n} runs compared`,
    none: "No runs are chosen",
    noneWhy: "Tick two or more runs in the list.",
    back: "Go to the list",
    legend: "Runs shown",
    remove: (name: string) => `Take ${name} out`,
    differences: "What their configurations differ in",
    same: "Their configurations are the same.",
    key: "Key",
    more: "More curves",
    failed: (name: string, why: string) => `${name}: ${why}`,
  },
  {
    runs: "训练",
    title: (n: number) => `对比 ${n} 个训练`,
    none: "没有选择训练",
    noneWhy: "请在列表中勾选两个或更多训练。",
    back: "返回列表",
    legend: "显示的训练",
    remove: (name: string) => `移除 ${name}`,
    differences: "配置差异",
    same: "配置相同。",
    key: "键",
    more: "更多曲线",
    failed: (name: string, why: string) => `${name}：${why}`,
  },
);

export default function OverlayScreen() {
  const t = useTexts(texts);
  const [settings, change] = useCurveSettings();
  const { query } = useRoute();
  const ids = (query.get("runs") ?? "").split(",").filter(Boolean);
  const { runs, failure, isLoading, retry } = useOverlay(ids, settings.axis);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const [zoom, setZoom] = useZoom(settings.axis);
  useTitle(t.title(ids.length));
  if (ids.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
        <a href={addressOf(["runs"])}>{t.back}</a>
      </Empty>
    );
  }
  const names = distinctNames(runs);
  const shown = runs.filter(({ detail }) => !hidden.includes(detail.id));
  const toggle = (id: string) =>
    setHidden((before) =>
      before.includes(id) ? before.filter((other) => other !== id) : [...before, id],
    );
  return (
    <>
      <header className="stack">
        <a className="small" href={addressOf(["runs"])}>
          ← {t.runs}
        </a>
        <h1>{t.title(ids.length)}</h1>
      </header>
      {failure && <Failure message={failure} onRetry={retry} />}
      {isLoading && runs.length === 0 && <Loading />}
      <ul className="overlay-legend" aria-label={t.legend}>
        {runs.map(({ detail }, index) => (
          <li key={detail.id}>
            <label className="check">
              <input
                type="checkbox"
                checked={!hidden.includes(detail.id)}
                onChange={() => toggle(detail.id)}
              />
              <LegendLine index={index} />
              {names.get(detail.id)}
            </label>
            <RunStateBadge state={detail.state} />
            <a className="small" href={runAddress(detail.id)} aria-label={names.get(detail.id)}>
              →
            </a>
            <Button
              tone="quiet"
              aria-label={t.remove(names.get(detail.id) ?? "")}
              onClick={() =>
                replaceAddress(overlayAddress(ids.filter((other) => other !== detail.id)))
              }
            >
              ×
            </Button>
          </li>
        ))}
      </ul>
      <CurveControls settings={settings} onChange={change} zoom={zoom} onZoom={setZoom} />
      {shown.length > 0 && (
        <OverlaidCurves
          all={runs}
          shown={shown}
          names={names}
          settings={settings}
          zoom={zoom}
          onZoom={setZoom}
        />
      )}
      {runs.length > 1 && <Differences runs={runs} names={names} />}
    </>
  );
}

/** Runs of one name get their id behind it. */
function distinctNames(runs: readonly OverlaidRun[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { detail } of runs) counts.set(detail.name, (counts.get(detail.name) ?? 0) + 1);
  return new Map(
    runs.map(({ detail: { id, name } }) => [
      id,
      counts.get(name) === 1 ? name : `${name} (${id.slice(0, 6)})`,
    ]),
  );
}

function OverlaidCurves(props: {
  all: readonly OverlaidRun[];
  shown: readonly OverlaidRun[];
  names: ReadonlyMap<string, string>;
  settings: CurveSettings;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
}) {
  const t = useTexts(texts);
  const titles = useTexts(metricTexts);
  const { all, shown, names, settings } = props;
  const metrics = [...new Set(shown.flatMap(({ curves }) => Object.keys(curves)))];
  const unitOf = (metric: string) =>
    shown.map(({ curves }) => curves[metric]?.unit).find((unit) => unit != null) ?? null;
  const { main, more } = panelsOf(metrics, unitOf, titles);
  if (settings.isTable) {
    const columns = main.flatMap((panel) =>
      panel.metrics.flatMap((metric) => columnsOf(metric, shown, names)),
    );
    return <CurveTable name="runs" axis={settings.axis} columns={columns} />;
  }
  // A chart for each metric: colours stand for runs here.
  const charts = main.flatMap(({ title, hint, metrics }) =>
    metrics.map((metric) => ({
      metric,
      title: overlaidTitle(title, metric, metrics.length, titles),
      hint,
    })),
  );
  const others = more.map(({ title, metrics }) => ({ metric: metrics[0]!, title, hint: null }));
  const chart = ({ metric, title, hint }: (typeof charts)[number]) => (
    <Card key={metric}>
      <OverlaidChart
        metric={metric}
        title={title}
        hint={hint}
        unit={unitOf(metric)}
        all={all}
        shown={shown}
        names={names}
        settings={settings}
        zoom={props.zoom}
        onZoom={props.onZoom}
      />
    </Card>
  );
  return (
    <>
      {charts.slice(0, 1).map(chart)}
      <div className="chart-grid">{charts.slice(1).map(chart)}</div>
      {others.length > 0 && (
        <details className="fold">
          <summary>{t.more}</summary>
          <div className="chart-grid">{others.map(chart)}</div>
        </details>
      )}
    </>
  );
}

function overlaidTitle(title: string, metric: string, of: number, titles: MetricTexts): string {
  if (metric === "eval/loss") return titles.evaluationLoss;
  return of === 1 || metric === "train/loss" ? title : `${title}: ${shortName(metric)}`;
}

function columnsOf(
  metric: string,
  shown: readonly OverlaidRun[],
  names: ReadonlyMap<string, string>,
): Column[] {
  return shown.flatMap(({ detail, curves }) => {
    const curve = curves[metric];
    if (!curve) return [];
    const title = `${metric} ${names.get(detail.id)}`;
    return [{ title, metric, unit: curve.unit, x: curve.x, y: curve.y }];
  });
}

function OverlaidChart(props: {
  metric: string;
  title: string;
  hint: string | null;
  unit: string | null;
  all: readonly OverlaidRun[];
  shown: readonly OverlaidRun[];
  names: ReadonlyMap<string, string>;
  settings: CurveSettings;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
}) {
  const formats = useFormats();
  const [language] = useLanguage();
  const { metric, all, shown, names, settings } = props;
  const shownIds = shown.map(({ detail }) => detail.id).join(" ");
  const series = useMemo(
    () =>
      all.flatMap(({ detail, curves }, colour): ChartSeries[] => {
        const curve = curves[metric];
        if (!curve || !shownIds.split(" ").includes(detail.id)) return [];
        const y = smoothed(curve.y, isNoisy(metric) ? settings.smoothing : 0);
        const label = names.get(detail.id) ?? detail.name;
        return [{ label, x: curve.x, y, colour, hasPoints: curve.x.length < 30 }];
      }),
    [all, metric, names, settings.smoothing, shownIds],
  );
  return (
    <Chart
      title={props.title}
      hint={props.hint}
      series={series}
      format={valueFormat(props.unit, metric, formats, language)}
      axis={axisFormat(settings.axis, language, formats)}
      isLog={settings.isLog}
      group="overlay"
      zoom={props.zoom}
      onZoom={props.onZoom}
    />
  );
}

function Differences(props: { runs: readonly OverlaidRun[]; names: ReadonlyMap<string, string> }) {
  const t = useTexts(texts);
  const { runs, names } = props;
  const keys = differentKeys(runs.map(({ detail }) => detail.config));
  return (
    <Card label={t.differences}>
      <div className="stack">
        <h2>{t.differences}</h2>
        {keys.length === 0 ? (
          <p className="soft">{t.same}</p>
        ) : (
          <div className="config-table">
            <TableFrame label={t.differences}>
              <thead>
                <tr>
                  <th scope="col">{t.key}</th>
                  {runs.map(({ detail }) => (
                    <th key={detail.id} scope="col">
                      {names.get(detail.id)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {keys.map((key) => (
                  <tr key={key}>
                    <th scope="row">
                      <code>{key}</code>
                    </th>
                    {runs.map(({ detail }) => (
                      <td key={detail.id}>
                        {valueText(detail.config.find((one) => one.key === key)?.value)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </TableFrame>
          </div>
        )}
      </div>
    </Card>
  );
}

function differentKeys(configs: readonly (readonly ConfigValue[])[]): string[] {
  const tables = configs.map(
    (config) => new Map(config.map(({ key, value }) => [key, JSON.stringify(value)])),
  );
  const keys = [...new Set(configs.flatMap((config) => config.map(({ key }) => key)))];
  return keys.filter((key) => new Set(tables.map((table) => table.get(key))).size > 1);
}
