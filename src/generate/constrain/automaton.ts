/**
 * A pushdown automaton over bytes that follows all readings of a text at once: the stacks of llama.cpp's
 * grammars. A stack is a terminal that is being read and what must follow it.
 */
import { ConfigError } from "../../util/errors.js";
import { isRule, type Part, type Rule } from "./rules.js";
import type { Terminal } from "./terminals.js";

/** What must still follow, the next first; null for nothing. The same list is the same object. */
export interface Rest {
  readonly part: Part;
  readonly then: Rest | null;
  /** Where it leads to before another byte is read. */
  opened: Opened | undefined;
  readonly id: number;
}

export interface Stack {
  readonly terminal: Terminal;
  readonly state: number;
  readonly rest: Rest | null;
}

/** Where a text can stand. */
export interface Opened {
  readonly stacks: readonly Stack[];
  /** Whether it is whole as it is. */
  readonly whole: boolean;
}

export interface Automaton {
  readonly start: Opened;
  /** What can follow `rest` begun. */
  open(rest: Rest | null): Opened;
  /** Lists of what must follow that were met so far: what the automaton holds. */
  size(): number;
}

const end: Opened = { stacks: [], whole: true };
/** Readings at once, which a schema with thousands of alternatives comes to. */
const mostStacks = 5000;

export function createAutomaton(root: Rule): Automaton {
  const rests = new Map<Part, Map<Rest | null, Rest>>();
  let made = 0;
  const restOf = (part: Part, then: Rest | null): Rest => {
    const byNext = rests.get(part) ?? new Map<Rest | null, Rest>();
    rests.set(part, byNext);
    const known = byNext.get(then) ?? { part, then, opened: undefined, id: made++ };
    byNext.set(then, known);
    return known;
  };
  const open = (rest: Rest | null): Opened => {
    if (!rest) return end;
    rest.opened ??= expand(rest);
    return rest.opened;
  };
  const expand = ({ part, then }: Rest): Opened => {
    if (!isRule(part)) {
      const own: Stack = { terminal: part, state: part.start, rest: then };
      return part.accepts(part.start)
        ? join([{ stacks: [own], whole: false }, open(then)])
        : { stacks: [own], whole: false };
    }
    return join(
      part
        .alternatives()
        .map((parts) => open(parts.reduceRight((next, one) => restOf(one, next), then))),
    );
  };
  return { start: open(restOf(root, null)), open, size: () => made };
}

/** @throws ConfigError where there are too many readings */
function join(places: readonly Opened[]): Opened {
  if (places.length === 1) return places[0]!;
  const stacks = new Set<Stack>();
  for (const place of places) for (const stack of place.stacks) stacks.add(stack);
  if (stacks.size > mostStacks) {
    throw new ConfigError("the schema has too many alternatives at one place", {
      why: `more than ${mostStacks} would have to be followed at once`,
      todo: "make anyOf and optional properties fewer",
    });
  }
  return { stacks: [...stacks], whole: places.some(({ whole }) => whole) };
}

/** Where a text stands one byte on; nowhere where the byte cannot follow. */
export function advance(automaton: Automaton, { stacks }: Opened, byte: number): Opened {
  const found: Opened[] = [];
  for (const { terminal, state, rest } of stacks) {
    const next = terminal.step(state, byte);
    if (next === -1) continue;
    if (!terminal.ends(next)) {
      found.push({ stacks: [{ terminal, state: next, rest }], whole: false });
    }
    if (terminal.accepts(next)) found.push(automaton.open(rest));
  }
  return found.length === 0 ? { stacks: [], whole: false } : join(found);
}

/** Equal for places where the same texts can follow. */
export function placeKey(
  { stacks, whole }: Opened,
  longest: number,
  idOf: (terminal: Terminal) => number,
): string {
  const keys = stacks.map(({ terminal, state, rest }) => {
    const own = terminal.key(state, longest) ?? `${idOf(terminal)}.${state}`;
    return `${own}|${rest?.id ?? ""}`;
  });
  return `${keys.join(" ")}${whole ? "." : ""}`;
}
