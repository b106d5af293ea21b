/** Where code stands in a message: Markdown fences and code between backticks. */

/** A stretch of text that is code, with its marks, or prose. */
export interface Span {
  text: string;
  code: boolean;
}

/** How {@link mapProse} and {@link proseOnly} treat code. */
export interface CodeOptions {
  /** Code between single backticks counts as prose. Default false. */
  inlineIsProse?: boolean;
}

/**
 * Cuts a text into prose and code; the spans joined are the text. A fence opens wherever three or
 * more backticks stand (chat data often has it in the middle of a line), or three tildes begin a
 * line, and ends at as many of the same mark; a fence that never closes reaches to the end, as
 * CommonMark has it. Time is linear in the text.
 */
export function splitCode(text: string, { inlineIsProse = false }: CodeOptions = {}): Span[] {
  if (!text.includes("`") && !text.includes("~~~")) return [{ text, code: false }];
  const runs: (Run & { start: number; end: number })[] = [];
  // One at a time: a text of nothing but marks has millions of matches.
  for (const { 0: found, index: start } of text.matchAll(/`+|^[ \t]{0,12}~{3,}/gm)) {
    const mark = found.trimStart();
    runs.push({ mark: mark[0]!, length: mark.length, start, end: start + found.length });
  }
  const closing = closingRuns(runs);
  const spans: Span[] = [];
  let done = 0;
  const push = (from: number, to: number, code: boolean) => {
    if (to > from) spans.push({ text: text.slice(from, to), code });
  };
  for (let index = 0; index < runs.length; index++) {
    const { start, length } = runs[index]!;
    const fence = length >= 3;
    if (!fence && inlineIsProse) continue;
    const close = closing[index]!;
    if (close < 0 && !fence) continue;
    const end = close < 0 ? text.length : runs[close]!.end;
    push(done, start, false);
    push(start, end, true);
    done = end;
    if (close < 0) break;
    index = close;
  }
  push(done, text.length, false);
  return spans;
}

/** The text with its prose changed and its code left alone. */
export function mapProse(
  text: string,
  change: (prose: string) => string,
  options?: CodeOptions,
): string {
  const spans = splitCode(text, options);
  if (spans.length === 1) return spans[0]!.code ? text : change(text);
  return spans.map((span) => (span.code ? span.text : change(span.text))).join("");
}

/** The prose of a text; each code span has become one line break. */
export function proseOnly(text: string, options?: CodeOptions): string {
  const spans = splitCode(text, options);
  if (spans.length === 1 && !spans[0]!.code) return text;
  return spans.map((span) => (span.code ? "\n" : span.text)).join("");
}

interface Run {
  mark: string;
  length: number;
}

/**
 * For each run of marks the index of the run that closes it, or -1: for a fence the next run of the
 * same mark at least as long, for inline code the next run exactly as long.
 */
function closingRuns(runs: readonly Run[]): Int32Array {
  const closing = new Int32Array(runs.length).fill(-1);
  const nextOfLength = new Map<number, number>();
  const longer: Record<string, number[]> = { "`": [], "~": [] };
  for (let index = runs.length - 1; index >= 0; index--) {
    const { mark, length } = runs[index]!;
    if (length < 3) {
      closing[index] = nextOfLength.get(length) ?? -1;
      nextOfLength.set(length, index);
      continue;
    }
    const stack = longer[mark]!;
    while (stack.length > 0 && runs[stack.at(-1)!]!.length < length) stack.pop();
    closing[index] = stack.at(-1) ?? -1;
    stack.push(index);
  }
  return closing;
}
