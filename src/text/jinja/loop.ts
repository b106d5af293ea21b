/** The variable `loop` of a `for` loop. */
import { isEqual } from "./compare.js";
import { typeError } from "./errors.js";
import { iterate, lengthOf } from "./iterate.js";
import { type Arguments, Callable, Undefined, type Value } from "./values.js";

/** Renders the loop's body over other values, a level deeper. */
export type Recurse = (values: Value, depth: number) => Value;

/** A running loop: where it is, and one item ahead if somebody asked for the next. */
export interface Loop {
  /** The next item; undefined at the end. */
  next(): Value | undefined;
  readonly value: Callable;
}

/**
 * @param filtered what is left of the values by the loop's condition
 * @param depth 0 for the outermost of recursive loops
 */
export function startLoop(
  values: Value,
  filtered: Iterable<Value> | undefined,
  recurse: Recurse | undefined,
  depth: number,
): Loop {
  let items = (filtered ?? iterate(values))[Symbol.iterator]();
  let index = -1;
  let length = filtered ? undefined : lengthOf(values);
  let [before, current, ahead]: (Value | undefined)[] = [];
  let changed: readonly Value[] | undefined;

  const pull = (): Value | undefined => {
    const step = items.next();
    return step.done ? undefined : step.value;
  };
  const peek = () => {
    if (ahead === undefined) ahead = pull();
    return ahead;
  };
  const size = () => {
    if (length === undefined) {
      const left = [...{ [Symbol.iterator]: () => items }];
      items = left.values();
      length = left.length + index + 1 + (ahead === undefined ? 0 : 1);
    }
    return length;
  };
  const attributes: Readonly<Record<string, () => Value>> = {
    index: () => index + 1,
    index0: () => index,
    revindex: () => size() - index,
    revindex0: () => size() - index - 1,
    first: () => index === 0,
    last: () => peek() === undefined,
    length: size,
    depth: () => depth + 1,
    depth0: () => depth,
    previtem: () =>
      index === 0 || before === undefined
        ? new Undefined(() => "there is no previous item")
        : before,
    nextitem: () => {
      const item = peek();
      return item === undefined ? new Undefined(() => "there is no next item") : item;
    },
    cycle: () => loopMethod((args) => cycle(args, index)),
    changed: () =>
      loopMethod(({ positional }) => {
        const same = changed?.length === positional.length;
        if (same && positional.every((value, at) => isEqual(value, changed![at]!))) return false;
        changed = positional;
        return true;
      }),
  };
  return {
    next() {
      const item = ahead === undefined ? pull() : ahead;
      ahead = undefined;
      if (item === undefined) return undefined;
      index++;
      before = current;
      current = item;
      return item;
    },
    value: new Callable("LoopContext", (args) => recursion(args, recurse, depth), {
      attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name]!() : undefined),
      repr: () => `<LoopContext ${index + 1}/${size()}>`,
      length: size,
    }),
  };
}

const loopMethod = (run: (args: Arguments) => Value) => new Callable("method", run);

function cycle({ positional }: Arguments, index: number): Value {
  if (positional.length === 0) throw typeError("no items for cycling given");
  return positional[index % positional.length]!;
}

function recursion({ positional }: Arguments, recurse: Recurse | undefined, depth: number): Value {
  if (!recurse)
    throw typeError("The loop must have the 'recursive' marker to be called recursively.");
  const [values] = positional;
  if (values === undefined || positional.length > 1)
    throw typeError("a recursive loop is called with one argument");
  return recurse(values, depth + 1);
}
