/** The numbers of curves as a table: for the keyboard, screen readers, and to take along. */
import { useMemo, useState } from "react";
import { bothLanguages, useLanguage, useTexts } from "../language";
import { Button, Pager, saveFile, TableFrame, useFormats } from "../ui";
import { type Axis, axisFormat } from "./axis";
import { valueFormat } from "./metrics";
import type { CurvesOnAxis } from "./useCurves";

const texts = bothLanguages(
  { save: "Save as CSV", table: "Values of the curves, the newest first" },
  { save: "保存为 CSV", table: "曲线数值，最新的在前" },
);

export interface Column {
  title: string;
  metric: string;
  unit: string | null;
  x: readonly number[];
  y: readonly (number | null)[];
}

const rowsPerPage = 50;

/** @param name of the file that it is saved as, without its ending */
export function CurveTable(props: { name: string; axis: Axis; columns: readonly Column[] }) {
  const t = useTexts(texts);
  const formats = useFormats();
  const [language] = useLanguage();
  const [offset, setOffset] = useState(0);
  const { rows, cell } = useMemo(() => tabulate(props.columns), [props.columns]);
  const newest = useMemo(() => rows.toReversed(), [rows]);
  const axis = axisFormat(props.axis, language, formats);
  const save = () => {
    const head = [props.axis, ...props.columns.map(({ title }) => title)].map(quoted).join(",");
    const lines = rows.map((x) => [x, ...props.columns.map((_, i) => cell(i, x) ?? "")].join(","));
    saveFile(`${props.name}.csv`, `${[head, ...lines].join("\n")}\n`, "text/csv");
  };
  return (
    <div className="stack">
      <div className="screen-head">
        <Pager
          offset={offset}
          size={rowsPerPage}
          shown={Math.min(rowsPerPage, rows.length - offset)}
          total={rows.length}
          onMove={setOffset}
        />
        <Button onClick={save}>{t.save}</Button>
      </div>
      <TableFrame label={t.table}>
        <thead>
          <tr>
            <th scope="col">{axis.name}</th>
            {props.columns.map(({ title }) => (
              <th key={title} scope="col" className="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.slice(offset, offset + rowsPerPage).map((x) => (
            <tr key={x}>
              <th scope="row">{axis.tick(x)}</th>
              {props.columns.map(({ title, metric, unit }, i) => (
                <td key={title} className="number">
                  {valueFormat(unit, metric, formats, language).value(cell(i, x))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </div>
  );
}

/** All places that some column has a value at, in order. */
function tabulate(columns: readonly Column[]) {
  const byPlace = columns.map(({ x, y }) => new Map(x.map((place, i) => [place, y[i] ?? null])));
  const rows = [...new Set(columns.flatMap(({ x }) => x))].sort((a, b) => a - b);
  return { rows, cell: (column: number, x: number) => byPlace[column]?.get(x) ?? null };
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A column for each curve of a run. */
export function columnsOf(curves: CurvesOnAxis["curves"], metrics: readonly string[]): Column[] {
  return metrics.flatMap((metric) => {
    const curve = curves[metric];
    if (!curve) return [];
    return [{ title: metric, metric, unit: curve.unit, x: curve.x, y: curve.y }];
  });
}
