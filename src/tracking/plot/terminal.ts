/** Charts of characters: Braille dots where runs have colours, letters where they have none. */
import { formatValue, type Scale, scaleOf } from "../../util/scale.js";
import { type Curve, type Panel, valuesOf } from "./types.js";

export interface TerminalOptions {
  /** Characters of a line. */
  columns: number;
  /** Lines of a chart without title, axis and legend. */
  rows: number;
  /** Whether the terminal shows colours. */
  isColoured: boolean;
  isLogarithmic: boolean;
}

/** SGR codes, one a run, then from the beginning: told apart on dark and on light ground. */
const colours = [36, 33, 35, 32, 34, 31, 96, 93, 95, 92, 94, 91];

/** A picture of dots; each remembers the run that set it last. */
interface Canvas {
  /** [height, width], -1 for an empty dot. */
  dots: Int16Array;
  width: number;
  height: number;
}

/** Draws a panel. @returns its lines, at most `columns` wide */
export function drawInTerminal(panel: Panel, options: TerminalOptions): string[] {
  const { columns, rows, isColoured } = options;
  const shown = panel.curves.filter(({ x }) => x.length > 0);
  const vertical = scaleOf(valuesOf(shown, "y"), Math.max(2, rows / 3), options.isLogarithmic);
  const horizontal = scaleOf(valuesOf(shown, "x"), 5);
  const labels = labelRows(vertical, rows);
  const margin = Math.max(...[...labels.values()].map((label) => label.length));
  const width = Math.max(8, columns - margin - 3);
  // Letters need a whole character a dot; Braille has two by four.
  const isBraille = isColoured || panel.curves.length < 2;
  const [across, down] = isBraille ? [2, 4] : [1, 1];
  const canvas: Canvas = {
    width: width * across,
    height: rows * down,
    dots: new Int16Array(width * across * rows * down).fill(-1),
  };
  for (const [run, curve] of panel.curves.entries()) {
    drawCurve(canvas, curve, run, horizontal, vertical);
  }
  const cell = isBraille ? brailleCell : letterCell;
  const lines = [panel.metric];
  for (let row = 0; row < rows; row++) {
    const label = labels.get(row) ?? "";
    const cells = Array.from({ length: width }, (_, column) => cell(canvas, column, row));
    lines.push(`${label.padStart(margin)} ${label ? "┤" : "│"}${join(cells, isColoured)}`);
  }
  lines.push(`${" ".repeat(margin + 1)}└${"─".repeat(width)}`);
  lines.push(axisLine(panel.xLabel, horizontal, width, margin + 2));
  lines.push(...legend(panel, isColoured, isBraille));
  return lines;
}

/** Text of the rows that have a tick. */
function labelRows(scale: Scale, rows: number): Map<number, string> {
  const ends = [scale.low, scale.high].map(
    (value) => [rowOf(scale.place(value), rows), formatValue(value)] as const,
  );
  const labels = new Map(ends);
  for (const tick of scale.ticks) {
    const row = rowOf(scale.place(tick), rows);
    const isFree = [row - 1, row, row + 1].every((near) => !labels.has(near));
    if (isFree) labels.set(row, formatValue(tick));
  }
  return labels;
}

function rowOf(place: number, rows: number): number {
  return Math.round((1 - place) * (rows - 1));
}

function drawCurve(canvas: Canvas, { x, y }: Curve, run: number, across: Scale, up: Scale): void {
  const at = (i: number) => {
    const place = up.place(y[i]!);
    if (!Number.isFinite(place)) return undefined;
    return [
      Math.round(across.place(x[i]!) * (canvas.width - 1)),
      rowOf(place, canvas.height),
    ] as const;
  };
  let from: readonly [number, number] | undefined;
  for (let i = 0; i < x.length; i++) {
    const to = at(i);
    if (to) drawLine(canvas, from ?? to, to, run);
    from = to;
  }
}

/** Sets the dots between two, one for each step along the longer direction. */
function drawLine(
  { dots, width }: Canvas,
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  run: number,
): void {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
  for (let i = 0; i <= steps; i++) {
    const column = Math.round(x0 + ((x1 - x0) * i) / steps);
    const row = Math.round(y0 + ((y1 - y0) * i) / steps);
    dots[row * width + column] = run;
  }
}

/** Bits of a Braille character (U+2800) by column and row of its dots. */
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** A character of the picture, and the run whose colour it has; -1 for a blank. */
interface Cell {
  text: string;
  run: number;
}

function brailleCell({ dots, width }: Canvas, column: number, row: number): Cell {
  let bits = 0;
  let run = -1;
  for (const [dx, rows] of brailleBits.entries()) {
    for (const [dy, bit] of rows.entries()) {
      const dot = dots[(row * 4 + dy) * width + column * 2 + dx]!;
      if (dot < 0) continue;
      bits |= bit;
      run = Math.max(run, dot);
    }
  }
  return { text: bits === 0 ? " " : String.fromCodePoint(0x2800 + bits), run };
}

function letterCell({ dots, width }: Canvas, column: number, row: number): Cell {
  const run = dots[row * width + column]!;
  return { text: run < 0 ? " " : letterOf(run), run };
}

/** A line of cells, neighbours of one colour together. */
function join(cells: readonly Cell[], isColoured: boolean): string {
  const used = cells.slice(0, cells.findLastIndex(({ run }) => run >= 0) + 1);
  let line = "";
  for (let start = 0; start < used.length; ) {
    const { run } = used[start]!;
    let end = start + 1;
    while (end < used.length && used[end]!.run === run) end++;
    const text = used.slice(start, end).map((cell) => cell.text);
    line += run < 0 ? text.join("") : paint(text.join(""), run, isColoured);
    start = end;
  }
  return line;
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const letterOf = (run: number) => letters[run % letters.length]!;

function paint(text: string, run: number, isColoured: boolean): string {
  return isColoured ? `\x1b[${colours[run % colours.length]}m${text}\x1b[0m` : text;
}

/** First and last x at the ends of the axis, its name in between. */
function axisLine(name: string, scale: Scale, width: number, indent: number): string {
  const [first, last] = [formatValue(scale.low), formatValue(scale.high)];
  const room = width - first.length - last.length;
  if (room < name.length + 2) return `${" ".repeat(indent)}${first} … ${last} ${name}`;
  const before = Math.floor((room - name.length) / 2);
  const middle = `${" ".repeat(before)}${name}`.padEnd(room);
  return `${" ".repeat(indent)}${first}${middle}${last}`;
}

function legend({ curves }: Panel, isColoured: boolean, isBraille: boolean): string[] {
  return curves.map(({ run, y }, i) => {
    const mark = isBraille ? paint("⣿", i, isColoured) : letterOf(i);
    const finite = y.filter(Number.isFinite);
    const last = y.at(-1);
    if (last === undefined) return `  ${mark} ${run}: nothing recorded`;
    const lowest = finite.reduce((low, value) => Math.min(low, value), finite[0] ?? Number.NaN);
    const gaps = y.length - finite.length;
    const notFinite = gaps > 0 ? `, ${gaps} not finite` : "";
    return `  ${mark} ${run}: last ${formatValue(last)}, lowest ${formatValue(lowest)}${notFinite}`;
  });
}
