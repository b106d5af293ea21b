/** What the next pass computes, so that answers never stall while prompts are read. */
import type { PagedText } from "../../nn/index.js";
import type { RunningText } from "./texts.js";

/** Consecutive tokens of one text. */
export interface Span extends Pick<PagedText, "pages"> {
  /** Position of the first token; keys and values of all before it are held. */
  start: number;
  ids: readonly number[];
  /** Tokens of the text that rotations are made for, where they depend on its length. */
  length: number;
}

export interface Planned {
  one: RunningText;
  span: Span;
  /** Tokens of the text that are held after the pass. */
  end: number;
}

/** How long passes take, learnt from those that were. */
export interface Pace {
  /** Seconds of a pass that gives tokens alone, and what a token of a prompt adds; 0 while unknown. */
  passSeconds: number;
  tokenSeconds: number;
}

/** Prompts are read on by at least so many tokens in each step. */
const LEAST_PIECE = 16;

/** Tokens of prompts in a step that is to be short, while it is unknown how long they take. */
const FIRST_PIECE = 64;

/** How much the latest pass counts. */
const WEIGHT = 0.3;

/**
 * Texts that lack one token, then pieces of prompts: of the one that came first as much as fits, but no
 * more than half where others wait beside it, of which the shortest go first. So short prompts need not wait
 * for long ones, and long ones go on whatever comes.
 *
 * @param tokens most tokens of the pass, but for one of each text
 */
export function planPass(running: readonly RunningText[], tokens: number): Planned[] {
  const singles: Planned[] = [];
  const reading: RunningText[] = [];
  for (const one of running) {
    if (missingOf(one) === 1) singles.push(planned(one, 1));
    else reading.push(one);
  }
  const [oldest, ...others] = reading;
  if (!oldest) return singles;
  let left = Math.max(tokens - singles.length, LEAST_PIECE);
  const share = others.length === 0 ? left : Math.max(Math.floor(left / 2), LEAST_PIECE);
  const pieces: Planned[] = [];
  const read = (one: RunningText, most: number) => {
    const count = Math.min(missingOf(one), most);
    pieces.push(planned(one, count));
    left -= count;
  };
  read(oldest, share);
  for (const one of others.sort((a, b) => missingOf(a) - missingOf(b))) {
    if (left < Math.min(missingOf(one), LEAST_PIECE)) break;
    read(one, left);
  }
  return [...singles, ...pieces];
}

function missingOf({ text, held }: RunningText): number {
  return text.ids.length - held;
}

function planned(one: RunningText, count: number): Planned {
  const { text, pages, held, rotatedFor } = one;
  const end = held + count;
  const span = {
    pages: pages.path.map(({ page }) => page),
    start: held,
    ids: text.ids.slice(held, end),
    length: Math.max(end, rotatedFor),
  };
  return { one, span, end };
}

/**
 * Most tokens of a pass that is to take `seconds` while answers are given.
 *
 * @param most where no answers are, and in any case
 */
export function tokensFor(
  seconds: number,
  running: readonly RunningText[],
  { passSeconds, tokenSeconds }: Pace,
  most: number,
): number {
  const singles = running.filter((one) => missingOf(one) === 1).length;
  if (singles === 0 || !Number.isFinite(seconds)) return most;
  const read = tokenSeconds > 0 ? Math.floor((seconds - passSeconds) / tokenSeconds) : FIRST_PIECE;
  return Math.min(most, singles + Math.max(read, LEAST_PIECE));
}

/** Learns from a pass; from pieces of a few tokens nothing can be learnt about long ones. */
export function learnPace(pace: Pace, planned: readonly Planned[], seconds: number): void {
  const pieces = planned.map(({ span }) => span.ids.length).filter((length) => length > 1);
  const read = pieces.reduce((sum, length) => sum + length, 0);
  const learn = (known: number, latest: number) =>
    known > 0 ? known + WEIGHT * (latest - known) : latest;
  if (read === 0) pace.passSeconds = learn(pace.passSeconds, seconds);
  else if (read >= LEAST_PIECE) {
    const added = Math.max(seconds - pace.passSeconds, 0) / read;
    if (added > 0) pace.tokenSeconds = learn(pace.tokenSeconds, added);
  }
}
