/** How curves are shown: axis, scale, smoothing. Kept for the next visit. */
import { useState } from "react";
import { bothLanguages, useTexts } from "../language";
import { Button, Field, useFormats } from "../ui";
import { type Axis, axes, axisTexts } from "./axis";
import type { Zoom } from "./chart";

const texts = bothLanguages(
  {
    controls: "How the curves are shown",
    smoothing: "Smoothing",
    smoothingHint:
      "Exponential moving average: each point keeps this share of the average before it. The raw values stay behind, pale.",
    axis: "Along",
    scale: "Height",
    linear: "Linear",
    log: "Logarithmic",
    all: "Show all",
    view: "Show as",
    charts: "Charts",
    table: "Table",
    zoom: "Drag across a chart to look closer.",
  },
  {
    controls: "曲线显示方式",
    smoothing: "平滑",
    smoothingHint: "指数移动平均：每个点保留之前平均值的这一比例。原始值以浅色显示在后面。",
    axis: "横轴",
    scale: "纵轴",
    linear: "线性",
    log: "对数",
    all: "显示全部",
    view: "显示为",
    charts: "图表",
    table: "表格",
    zoom: "在图上拖动可放大。",
  },
);

export interface CurveSettings {
  axis: Axis;
  isLog: boolean;
  /** 0 to under 1. */
  smoothing: number;
  isTable: boolean;
}

const stored = "tunewright.curves";
const usual: CurveSettings = { axis: "step", isLog: false, smoothing: 0.6, isTable: false };

export function useCurveSettings(): [CurveSettings, (change: Partial<CurveSettings>) => void] {
  const [settings, setSettings] = useState(read);
  const change = (changed: Partial<CurveSettings>) =>
    setSettings((before) => {
      const after = { ...before, ...changed };
      localStorage.setItem(stored, JSON.stringify(after));
      return after;
    });
  return [settings, change];
}

function read(): CurveSettings {
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(stored) ?? "{}") as object) };
  } catch {
    return usual;
  }
}

export function CurveControls(props: {
  settings: CurveSettings;
  onChange: (change: Partial<CurveSettings>) => void;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
}) {
  const t = useTexts(texts);
  const axisNames = useTexts(axisTexts);
  const { percent } = useFormats();
  const { settings, onChange } = props;
  return (
    <fieldset className="curve-controls">
      <legend className="visually-hidden">{t.controls}</legend>
      <Field label={`${t.smoothing} ${percent(settings.smoothing)}`} hint={t.smoothingHint}>
        {(ids) => (
          <input
            {...ids}
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={settings.smoothing}
            onChange={(event) => onChange({ smoothing: Number(event.target.value) })}
          />
        )}
      </Field>
      <Field label={t.axis}>
        {(ids) => (
          <select
            {...ids}
            className="input"
            value={settings.axis}
            onChange={(event) => onChange({ axis: event.target.value as Axis })}
          >
            {axes.map((axis) => (
              <option key={axis} value={axis}>
                {axisNames[axis]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t.scale}>
        {(ids) => (
          <select
            {...ids}
            className="input"
            value={settings.isLog ? "log" : "linear"}
            onChange={(event) => onChange({ isLog: event.target.value === "log" })}
          >
            <option value="linear">{t.linear}</option>
            <option value="log">{t.log}</option>
          </select>
        )}
      </Field>
      <Field label={t.view}>
        {(ids) => (
          <select
            {...ids}
            className="input"
            value={settings.isTable ? "table" : "charts"}
            onChange={(event) => onChange({ isTable: event.target.value === "table" })}
          >
            <option value="charts">{t.charts}</option>
            <option value="table">{t.table}</option>
          </select>
        )}
      </Field>
      {!settings.isTable && (
        <Button
          className="zoom-button"
          disabled={props.zoom === null}
          title={t.zoom}
          onClick={() => props.onZoom(null)}
        >
          {t.all}
        </Button>
      )}
    </fieldset>
  );
}
