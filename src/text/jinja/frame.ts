/** Where variables live while a template is compiled and while it is rendered. */
import { type Scope, variableOf } from "./scope.js";
import { undefinedName, type Value } from "./values.js";

/** One rendering: what all its frames share. */
export interface Context {
  /** The template's variables and what every template sees. */
  readonly given: ReadonlyMap<string, Value>;
  /** What the template set outside of loops, macros and blocks. */
  readonly set: Map<string, Value>;
  /** Where a `{% generation %}` block begins and ends in the text, in UTF-16 units. */
  readonly spans: [start: number, end: number][];
}

/** A running template or macro: its variables and what it has written. */
export interface Frame {
  /** A variable without a value is undefined. */
  readonly slots: (Value | undefined)[];
  readonly parent: Frame | undefined;
  readonly context: Context;
  text: string;
}

export function newFrame(context: Context, parent?: Frame): Frame {
  return { slots: [], parent, context, text: "" };
}

export function resolve({ set, given }: Context, name: string): Value | undefined {
  const value = set.get(name);
  return value === undefined ? given.get(name) : value;
}

export type Evaluate = (frame: Frame) => Value;

/** Why a body ended early. */
export type Jump = "break" | "continue" | undefined;
export type Execute = (frame: Frame) => Jump;

/** What shares a frame: the template, a macro, a recursive loop, the condition of a loop. */
export interface Unit {
  readonly parent: Unit | undefined;
  readonly slots: Map<string, number>;
}

/** What is known where a node is compiled. */
export interface Place {
  readonly scope: Scope;
  readonly unit: Unit;
  /** In the template itself or an `if` in it: what is set there, macros see by its name. */
  readonly topLevel: boolean;
  /** Directly in an `if`: an unknown filter matters only when it is applied. */
  readonly soft: boolean;
  /** The text goes somewhere else than into the result. */
  readonly buffered: boolean;
  /** A loop of this unit is around, so that `break` has something to end. */
  readonly inLoop: boolean;
  readonly notes: Notes;
}

/** What is learnt about a template as it is compiled. */
export interface Notes {
  readonly blocks: Set<string>;
  /** Whether each `{% generation %}` block writes straight into the result. */
  readonly generations: boolean[];
}

export function softPlace(place: Place): Place {
  return { ...place, soft: true };
}

/** A place in a new scope, which is neither the template's own nor an `if`'s. */
export function innerPlace(place: Place, scope: Scope, more: Partial<Place> = {}): Place {
  return { ...place, scope, topLevel: false, soft: false, ...more };
}

/** The slot of a variable of this unit. */
export function ownSlot({ slots }: Unit, variable: string): number {
  const slot = slots.get(variable) ?? slots.size;
  slots.set(variable, slot);
  return slot;
}

/** Reads a variable of this unit or of one around it. */
export function variableReader(unit: Unit, variable: string): (frame: Frame) => Value | undefined {
  let depth = 0;
  for (let one: Unit | undefined = unit; one; one = one.parent, depth++) {
    const slot = one.slots.get(variable);
    if (slot === undefined) continue;
    if (depth === 0) return (frame) => frame.slots[slot];
    if (depth === 1) return (frame) => frame.parent!.slots[slot];
    return (frame) => {
      let owner = frame;
      for (let left = depth; left > 0; left--) owner = owner.parent!;
      return owner.slots[slot];
    };
  }
  return () => undefined;
}

/** The value of a name. */
export function nameReader({ scope, unit }: Place, name: string, line: number): Evaluate {
  const read = variableReader(unit, variableOf(scope, name, line));
  return (frame) => {
    const value = read(frame);
    return value === undefined ? undefinedName(name) : value;
  };
}

/** Gives the variables of a scope their first values. */
export function scopeEntry({ scope, unit }: Place): (frame: Frame) => void {
  const steps: ((frame: Frame) => void)[] = [];
  for (const [variable, load] of scope.loads) {
    const slot = ownSlot(unit, variable);
    if (load.from === "nothing") steps.push(({ slots }) => (slots[slot] = undefined));
    else if (load.from === "context")
      steps.push(({ slots, context }) => (slots[slot] = resolve(context, load.name)));
    else if (load.from === "variable") {
      const read = variableReader(unit, load.variable);
      steps.push((frame) => (frame.slots[slot] = read(frame)));
    }
  }
  return (frame) => {
    for (const step of steps) step(frame);
  };
}

/** Takes the values of a scope's variables away. */
export function scopeExit({ scope, unit }: Place): (frame: Frame) => void {
  const slots = [...scope.loads.keys()].map((variable) => ownSlot(unit, variable));
  return (frame) => {
    for (const slot of slots) frame.slots[slot] = undefined;
  };
}

/** All variables that the scopes around a place set, by name. */
export function storedReaders({
  scope,
  unit,
}: Place): [name: string, read: (frame: Frame) => Value | undefined][] {
  const names = new Set<string>();
  for (let one: Scope | undefined = scope; one; one = one.parent)
    for (const name of one.stores) names.add(name);
  return [...names].map((name) => [name, variableReader(unit, variableOf(scope, name, 0))]);
}
