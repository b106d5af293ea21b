/** Reads calls of tools out of an answer while it is being written. */
import { randomInt } from "node:crypto";
import { isRecord } from "../../util/isRecord.js";
import type { ToolCallFormat } from "./formats.js";
import { createObjectScanner, type ObjectScanner } from "./objectScanner.js";

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
interface Pending {
  scanner: ObjectScanner;
  /** Offset of its brace. */
  start: number;
  /** Its name where it stands before the JSON. */
  name: string | undefined;
  /** Offset up to which its arguments are given out; -1 before the call is. */
  given: number;
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
  let events: ToolCallEvent[] = [];
  let calls = 0;
  /** What is not given out yet. */
  let held = "";
  /** Whether `held` begins with what opens calls, and the white space before it. */
  let isInside = false;
  /** Whether anything but white space came before `held`. */
  let isAtStart = true;
  /** Offset in `held` behind the opening mark or the last whole call, and up to which it was given out. */
  let gap = 0;
  let taken = 0;
  let pending: Pending | undefined;

  const give = (text: string) => {
    if (text !== "") events.push({ type: "text", text });
    if (text.trim() !== "") isAtStart = false;
  };
  const warn = (text: string) => events.push({ type: "warning", text });

  /** Takes what is held up to `offset` as text: it is no call. */
  const giveUp = (offset: number, why: string) => {
    give(held.slice(taken, offset));
    isAtStart = false;
    if (format.opening !== null || taken > 0)
      warn(`what looks like a call of a tool is none: ${why}`);
    leave(offset);
  };
  const leave = (offset: number) => {
    held = held.slice(offset);
    isInside = false;
    pending = undefined;
    gap = 0;
    taken = 0;
  };

  /** @returns whether `held` has to be looked at again */
  const readText = (isLast: boolean): boolean => {
    const { opening } = format;
    if (opening === null) {
      const begins = isAtStart ? format.begins!(held, names) : false;
      if (begins) {
        isInside = true;
        return true;
      }
      if (begins === undefined && !isLast) return false;
      give(held);
      isAtStart = false;
      held = "";
      return false;
    }
    const at = held.indexOf(opening);
    if (at >= 0) {
      const text = held.slice(0, at).trimEnd();
      give(text);
      held = held.slice(text.length);
      isInside = true;
      gap = at - text.length + opening.length;
      return true;
    }
    const certain = isLast ? held.length : held.length - heldLength(held, opening);
    const shown = held.slice(0, certain);
    // White space behind a call belongs to its markup.
    if (!(isLast && calls > 0 && shown.trim() === "")) give(shown);
    held = held.slice(certain);
    return false;
  };

  const readGap = (isLast: boolean): boolean => {
    const near = held.slice(0, gap + longestGap);
    const brace = near.indexOf("{", gap);
    const close = format.closing === null ? -1 : near.indexOf(format.closing, gap);
    if (close >= 0 && (brace < 0 || close < brace)) {
      const isEnd = taken > 0 && format.behind.test(held.slice(gap, close));
      if (isEnd) leave(close + format.closing!.length);
      else giveUp(close + format.closing!.length, "no call stands between its marks");
      return held !== "";
    }
    if (brace >= 0) {
      const before = format.before.exec(held.slice(gap, brace));
      if (!before) {
        giveUp(brace + 1, "other text stands before its JSON");
        return true;
      }
      pending = {
        scanner: createObjectScanner(brace),
        start: brace,
        name: before.groups?.name,
        given: -1,
      };
      return true;
    }
    if (held.length > near.length) {
      giveUp(near.length, "no JSON follows");
      return true;
    }
    if (isLast) endGap();
    return false;
  };

  const endGap = () => {
    const isEnd = taken > 0 && format.behind.test(held.slice(gap));
    if (isEnd) leave(held.length);
    else giveUp(held.length, "no JSON follows");
  };

  const readCall = (call: Pending, isLast: boolean): boolean => {
    const { scanner } = call;
    if (!scanner.scan(held)) {
      brokenCall(call, scanner.at, "it is not JSON");
      return true;
    }
    if (scanner.end < 0) {
      if (pieces) givePieces(call);
      if (isLast) brokenCall(call, held.length, "it is cut off");
      return false;
    }
    const found = wholeCall(call);
    if (typeof found === "string") {
      brokenCall(call, scanner.end, found);
      return held !== "";
    }
    if (call.given < 0) {
      beginCall(found.name);
      events.push({ type: "arguments", index: calls, text: found.text });
    } else givePieces(call);
    calls++;
    gap = scanner.end;
    taken = scanner.end;
    pending = undefined;
    return true;
  };

  const brokenCall = ({ given }: Pending, offset: number, why: string) => {
    if (given < 0) {
      giveUp(offset, why);
      return;
    }
    warn(`call ${calls + 1} of a tool cannot be read: ${why}`);
    calls++;
    leave(offset);
  };

  const beginCall = (name: string) => {
    if (!names.includes(name))
      warn(`the model calls ${JSON.stringify(name)}, which is no tool of the request`);
    events.push({ type: "call", index: calls, id: newId(), name });
  };

  /** The name and the arguments of a call whose JSON is whole, or what is wrong with it. */
  const wholeCall = ({
    scanner,
    start,
    name,
  }: Pending): { name: string; text: string } | string => {
    const text = held.slice(start, scanner.end);
    const value = parsed(text);
    if (value === undefined) return "it is not JSON";
    if (name !== undefined) return { name, text };
    if (typeof value.name !== "string" || value.name === "") return "it has no name";
    if (format.opening === null && !names.includes(value.name))
      return "its name is that of no tool";
    const member = scanner.members.find(({ key }) => isArguments(key));
    if (!member) return { name: value.name, text: "{}" };
    const given = held.slice(member.start, member.end).trim();
    const own = given.startsWith('"') ? (JSON.parse(given) as string) : given;
    return parsed(own) ? { name: value.name, text: own } : "its arguments are no object";
  };

  /** Gives out what is known of a call's arguments, from where its name is known on. */
  const givePieces = (call: Pending) => {
    const { scanner, start, name } = call;
    const member = scanner.members.find(({ key }) => isArguments(key));
    const from = name === undefined ? (member?.start ?? -1) : start;
    if (from < 0 || held[from] !== "{") return;
    if (call.given < 0) {
      const own = name ?? nameOf(scanner);
      if (own === undefined || (format.opening === null && !names.includes(own))) return;
      beginCall(own);
      call.given = from;
    }
    const end = name === undefined ? member!.end : scanner.end;
    const to = end < 0 ? held.length : end;
    if (to > call.given)
      events.push({ type: "arguments", index: calls, text: held.slice(call.given, to) });
    call.given = Math.max(call.given, to);
  };

  const nameOf = ({ members }: ObjectScanner): string | undefined => {
    const member = members.find(({ key, end }) => key === "name" && end >= 0);
    const value = member && held.slice(member.start, member.end);
    return value?.startsWith('"') ? (JSON.parse(value) as string) : undefined;
  };

  const read = (isLast: boolean): ToolCallEvent[] => {
    events = [];
    for (let again = true; again; ) {
      if (!isInside) again = held !== "" && readText(isLast);
      else again = pending ? readCall(pending, isLast) : readGap(isLast);
    }
    return events;
  };

  return {
    get calls() {
      return calls;
    },
    push(text) {
      held += text;
      return read(false);
    },
    finish: () => read(true),
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

function isArguments(key: string): boolean {
  return key === "arguments" || key === "parameters";
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
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
