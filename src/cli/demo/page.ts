/** Where the demo's story is told: width, colours and headings with the time that has passed. */
import { wrapText } from "../textWidth.js";
import type { Paint } from "./comparison.js";

/** The part of a stream that is used; `process.stdout` is one. */
export interface PageStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Page {
  readonly columns: number;
  readonly color: boolean;
  readonly paint: Paint;
  /** Prints lines as they are. */
  print(...lines: string[]): void;
  /** Prints a paragraph, wrapped. */
  say(text: string): void;
  /** Begins a chapter. */
  heading(text: string): void;
}

/** Width where the output is no terminal, and the most that is used of one. */
const plainColumns = 96;
const mostColumns = 120;

/** @param seconds clock that counts from the demo's beginning */
export function createPage(stream: PageStream, seconds: () => number): Page {
  const terminal = stream.isTTY === true;
  const color = terminal && !process.env.NO_COLOR;
  const columns = Math.max(
    20,
    Math.min(mostColumns, terminal ? (stream.columns ?? 80) - 1 : plainColumns),
  );
  const style = (code: number) => (text: string) =>
    color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  const paint = { bold: style(1), dim: style(2), green: style(32) };
  const print = (...lines: string[]) => {
    for (const line of lines) stream.write(`${line}\n`);
  };
  return {
    columns,
    color,
    paint,
    print,
    say: (text) => print(...wrapText(text, columns)),
    heading(text) {
      const whole = Math.floor(seconds());
      const clock = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
      print("", `${paint.bold(text)}  ${paint.dim(`[${clock}]`)}`, "");
    },
  };
}
