/** Reads calls of tools out of an answer while it is being written. */
import { randomInt } from "node:crypto";
import { argumentsSoFar, type CallJson, nameSoFar, wholeCall } from "./callJson.js";
import type { ToolCallFormat } from "./formats.js";
import { createObjectScanner } from "./objectScanner.js";

/** What becomes known of an answer, in order. */
export type ToolCallEvent =
  | { type: "text"; text: string }
  /** A call begins. Its arguments follow, in pieces, as JSON text. */
  | { type: "call"; index: number; id: string; name: string }
  | { type: "arguments"; index: number; text: string }
  /** What is not as it should be, as a sentence. */
  | { type: "warning"; text: string };

export interface ToolCallReader {
  push(text: string): ToolCallEvent[];
  /** The answer is over: what was held back. */
  finish(): ToolCallEvent[];
  /** Calls so far. */
  readonly calls: number;
}

export interface ToolCallReaderOptions {
  /** Names of the tools that the model was told of. */
  names: readonly string[];
  /**
   * Give arguments out while they are written, for streams. Otherwise a call is given out once it is whole, and
   * as text where it turns out not to be JSON. Default false.
   */
  pieces?: boolean;
  /** Makes an id. Default: random. */
  newId?: () => string;
}

/** A call of which not all is read. */
interface Pending extends CallJson {
  /** Offset up to which its arguments are given out; -1 before the call is. */
  given: number;
}

/** How far an answer is read. */
interface Reading {
  readonly format: ToolCallFormat;
  readonly names: readonly string[];
  readonly pieces: boolean;
  readonly newId: () => string;
  /** Of the text that came last. */
  events: ToolCallEvent[];
  calls: number;
  /** What is not given out yet. */
  held: string;
  /** Whether `held` begins with what opens calls, and the white space before it. */
  isInside: boolean;
  /** Whether nothing but white space came before `held`. */
  isAtStart: boolean;
  /** Offset in `held` behind the opening mark or the last whole call, and up to which it was given out. */
  gap: number;
  taken: number;
  pending: Pending | undefined;
}

/** Longer texts stand nowhere between calls. */
const longestGap = 300;

/**
 * Markup of calls is never given out as text, unless what it opens turns out to be no call: then it is text, and
 * a warning says so. White space around calls is left out.
 */
export function createToolCallReader(
  format: ToolCallFormat,
  { names, pieces = false, newId = format.shortIds ? shortId : longId }: ToolCallReaderOptions,
): ToolCallReader {
  const reading: Reading = {
    format,
    names,
    pieces,
    newId,
    events: [],
    calls: 0,
    held: "",
    isInside: false,
    isAtStart: true,
    gap: 0,
    taken: 0,
    pending: undefined,
  };
  return {
    get calls() {
      return reading.calls;
    },
    push(text) {
      reading.held += text;
      return readHeld(reading, false);
    },
    finish: () => readHeld(reading, true),
  };
}

/** Reads a whole answer. */
export function readToolCalls(
  format: ToolCallFormat,
  text: string,
  options: ToolCallReaderOptions,
): ToolCallEvent[] {
  const reader = createToolCallReader(format, options);
  return [...reader.push(text), ...reader.finish()];
}

function readHeld(reading: Reading, isLast: boolean): ToolCallEvent[] {
  reading.events = [];
  while (readOn(reading, isLast));
  return reading.events;
}

/** @returns whether what is held then has to be looked at again */
function readOn(reading: Reading, isLast: boolean): boolean {
  const { isInside, pending } = reading;
  if (!isInside) return reading.held !== "" && readText(reading, isLast);
  return pending ? readCall(reading, pending, isLast) : readGap(reading, isLast);
}

/** Text, up to where calls open. */
function readText(reading: Reading, isLast: boolean): boolean {
  const { format, held } = reading;
  const { opening } = format;
  if (opening === null) return readBeginning(reading, isLast);
  const at = held.indexOf(opening);
  if (at >= 0) {
    const text = held.slice(0, at).trimEnd();
    giveText(reading, text);
    reading.held = held.slice(text.length);
    reading.isInside = true;
    reading.gap = at - text.length + opening.length;
    return true;
  }
  const certain = isLast ? held.length : held.length - heldLength(held, opening);
  const shown = held.slice(0, certain);
  // White space behind a call belongs to its markup.
  if (!(isLast && reading.calls > 0 && shown.trim() === "")) giveText(reading, shown);
  reading.held = held.slice(certain);
  return false;
}

/** Text where nothing opens calls: they are all of the answer, or none of it. */
function readBeginning(reading: Reading, isLast: boolean): boolean {
  const { format, held, names, isAtStart } = reading;
  const begins = isAtStart ? format.begins!(held, names) : false;
  if (begins) {
    reading.isInside = true;
    return true;
  }
  if (begins === undefined && !isLast) return false;
  giveText(reading, held);
  reading.isAtStart = false;
  reading.held = "";
  return false;
}

/** What stands before the JSON of a call, or behind that of the last one. */
function readGap(reading: Reading, isLast: boolean): boolean {
  const { format, held, gap } = reading;
  const near = held.slice(0, gap + longestGap);
  const brace = near.indexOf("{", gap);
  const close = format.closing === null ? -1 : near.indexOf(format.closing, gap);
  if (close >= 0 && (brace < 0 || close < brace)) {
    const end = close + format.closing!.length;
    endCalls(reading, { behind: close, end }, "no call stands between its marks");
    return reading.held !== "";
  }
  if (brace >= 0) {
    const before = format.before.exec(held.slice(gap, brace));
    if (!before) {
      giveUp(reading, brace + 1, "other text stands before its JSON");
      return true;
    }
    const scanner = createObjectScanner(brace);
    reading.pending = { scanner, start: brace, name: before.groups?.name, given: -1 };
    return true;
  }
  if (held.length > near.length) {
    giveUp(reading, near.length, "no JSON follows");
    return true;
  }
  if (isLast) endCalls(reading, { behind: held.length, end: held.length }, "no JSON follows");
  return false;
}

/**
 * The calls are over at the offset `end`, if there was one and nothing else stands behind the last.
 *
 * @param behind offset up to which this is looked for
 * @param why they are none otherwise
 */
function endCalls(
  reading: Reading,
  { behind, end }: { behind: number; end: number },
  why: string,
): void {
  const { format, held, gap, taken } = reading;
  if (taken > 0 && format.behind.test(held.slice(gap, behind))) leaveCalls(reading, end);
  else giveUp(reading, end, why);
}

function readCall(reading: Reading, call: Pending, isLast: boolean): boolean {
  const { held, pieces } = reading;
  const { scanner } = call;
  if (!scanner.scan(held)) {
    giveUpCall(reading, call, scanner.at, "it is not JSON");
    return true;
  }
  if (scanner.end < 0) {
    if (pieces) givePieces(reading, call);
    if (isLast) giveUpCall(reading, call, held.length, "it is cut off");
    return false;
  }
  const found = wholeCall(held, call, (name) => mayBeCalled(reading, name));
  if (typeof found === "string") {
    giveUpCall(reading, call, scanner.end, found);
    return reading.held !== "";
  }
  if (call.given < 0) {
    beginCall(reading, found.name);
    reading.events.push({ type: "arguments", index: reading.calls, text: found.text });
  } else givePieces(reading, call);
  reading.calls++;
  reading.gap = scanner.end;
  reading.taken = scanner.end;
  reading.pending = undefined;
  return true;
}

/** Without what opens calls, only the name of a tool tells a call from an answer in JSON. */
function mayBeCalled({ format, names }: Reading, name: string): boolean {
  return format.opening !== null || names.includes(name);
}

/** Gives out what is known of a call's arguments, from where its name is known on. */
function givePieces(reading: Reading, call: Pending): void {
  const { held } = reading;
  const place = argumentsSoFar(held, call);
  if (!place) return;
  if (call.given < 0) {
    const name = nameSoFar(held, call);
    if (name === undefined || !mayBeCalled(reading, name)) return;
    beginCall(reading, name);
    call.given = place.from;
  }
  const text = held.slice(call.given, place.to);
  if (text !== "") reading.events.push({ type: "arguments", index: reading.calls, text });
  call.given = Math.max(call.given, place.to);
}

function beginCall(reading: Reading, name: string): void {
  const { events, calls, names, newId } = reading;
  if (!names.includes(name))
    warn(reading, `the model calls ${JSON.stringify(name)}, which is no tool of the request`);
  events.push({ type: "call", index: calls, id: newId(), name });
}

/** A call cannot be read further than `offset`. */
function giveUpCall(reading: Reading, { given }: Pending, offset: number, why: string): void {
  if (given < 0) {
    giveUp(reading, offset, why);
    return;
  }
  reading.calls++;
  warn(reading, `call ${reading.calls} of a tool cannot be read: ${why}`);
  leaveCalls(reading, offset);
}

/** Takes what is held up to `offset` as text: it is no call. */
function giveUp(reading: Reading, offset: number, why: string): void {
  const { format, held, taken } = reading;
  giveText(reading, held.slice(taken, offset));
  reading.isAtStart = false;
  if (format.opening !== null || taken > 0)
    warn(reading, `what looks like a call of a tool is none: ${why}`);
  leaveCalls(reading, offset);
}

function leaveCalls(reading: Reading, offset: number): void {
  reading.held = reading.held.slice(offset);
  reading.isInside = false;
  reading.pending = undefined;
  reading.gap = 0;
  reading.taken = 0;
}

function giveText(reading: Reading, text: string): void {
  if (text !== "") reading.events.push({ type: "text", text });
  if (text.trim() !== "") reading.isAtStart = false;
}

function warn({ events }: Reading, text: string): void {
  events.push({ type: "warning", text });
}

/** Length of the end of `text` that may belong to markup: white space, and what the opening begins with. */
function heldLength(text: string, opening: string): number {
  let length = Math.min(opening.length - 1, text.length);
  while (length > 0 && !opening.startsWith(text.slice(text.length - length))) length--;
  const before = text.slice(0, text.length - length);
  return text.length - before.trimEnd().length;
}

const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

function randomCharacters(count: number): string {
  return Array.from({ length: count }, () => characters[randomInt(characters.length)]).join("");
}

const shortId = () => randomCharacters(9);
const longId = () => `call_${randomCharacters(24)}`;
