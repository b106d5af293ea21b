/** Macros, and the bodies of `{% call %}` and `{% generation %}`, which are macros without a name. */
import { compileExpression } from "./compileExpression.js";
import { setEntry } from "./dicts.js";
import { TemplateSyntaxError, typeError } from "./errors.js";
import {
  type Execute,
  type Frame,
  innerPlace,
  newFrame,
  ownSlot,
  type Place,
  scopeEntry,
  type Unit,
} from "./frame.js";
import type { Parameters, Statement } from "./nodes.js";
import { toRepr } from "./print.js";
import {
  declareParameter,
  innerScope,
  noteBody,
  noteExpression,
  undeclaredNames,
} from "./scope.js";
import { type Arguments, Callable, Dict, Tuple, Undefined, type Value } from "./values.js";

type Body = { line: number; body: readonly Statement[] } & Parameters;

/** Parameters of a macro: its own, then those it has because its body reads them. */
interface Shape {
  label: string;
  names: readonly string[];
  caller: boolean;
  kwargs: boolean;
  varargs: boolean;
}

/** @returns makes the macro, which sees the variables of the frame it is made in */
export function compileMacro(
  node: Body,
  name: string | undefined,
  place: Place,
  compileBody: (body: readonly Statement[], place: Place) => Execute,
): (frame: Frame) => Callable {
  const read = undeclaredNames(node.body, ["caller", "kwargs", "varargs"]);
  const special = (one: string) => read.has(one) && !node.names.includes(one);
  const shape: Shape = {
    label: toRepr(name ?? null),
    names: node.names,
    caller: read.has("caller"),
    kwargs: special("kwargs"),
    varargs: special("varargs"),
  };
  const firstDefault = node.names.length - node.defaults.length;
  if (shape.caller && node.names.includes("caller") && node.names.indexOf("caller") < firstDefault)
    throw new TemplateSyntaxError(
      'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.',
      node.line,
    );

  const scope = innerScope(place.scope);
  const unit: Unit = { parent: place.unit, slots: new Map() };
  const inner = innerPlace(place, scope, { unit, buffered: true, inLoop: false });
  const parameters = [
    ...node.names,
    ...(["caller", "kwargs", "varargs"] as const).filter(
      (one) => shape[one] && !node.names.includes(one),
    ),
  ];
  const slots = parameters.map((one) => ownSlot(unit, declareParameter(scope, one)));
  for (const value of node.defaults) noteExpression(scope, value);
  noteBody(scope, node.body);
  const enter = scopeEntry(inner);
  const defaults = node.names.map((one, at) =>
    at < firstDefault
      ? () => new Undefined(() => `parameter '${one}' was not provided`)
      : compileExpression(node.defaults[at - firstDefault]!, inner),
  );
  const run = compileBody(node.body, inner);

  return (frame) => {
    const invoke = (args: Arguments) => {
      const own = newFrame(frame.context, frame);
      const values = bindMacro(shape, args);
      for (let at = 0; at < slots.length; at++) own.slots[slots[at]!] = values[at];
      enter(own);
      for (let at = 0; at < defaults.length; at++)
        if (values[at] === undefined) own.slots[slots[at]!] = defaults[at]!(own);
      run(own);
      return own.text;
    };
    return new Callable("Macro", invoke, {
      repr: () => `<Macro ${name === undefined ? "anonymous" : toRepr(name)}>`,
      attribute: (attribute) => macroAttribute(shape, name, attribute),
    });
  };
}

/** A value for each parameter; undefined where the default counts. @throws TemplateError */
function bindMacro(
  { label, names, caller, kwargs, varargs }: Shape,
  { positional, named }: Arguments,
): (Value | undefined)[] {
  const values: (Value | undefined)[] = positional.slice(0, names.length);
  const left = new Map(named);
  for (const name of names.slice(values.length)) {
    values.push(left.get(name));
    left.delete(name);
  }
  if (caller && !names.includes("caller")) {
    values.push(left.get("caller") ?? new Undefined(() => "No caller defined"));
    left.delete("caller");
  }
  if (kwargs) {
    const dict = new Dict();
    for (const [key, value] of left) setEntry(dict, key, value);
    values.push(dict);
  } else if (left.size > 0) {
    const [key] = left.keys();
    throw typeError(
      key === "caller"
        ? `macro ${label} was invoked with two values for the special caller argument. This is most likely a bug.`
        : `macro ${label} takes no keyword argument '${key}'`,
    );
  }
  if (varargs) values.push(new Tuple(positional.slice(names.length)));
  else if (positional.length > names.length)
    throw typeError(`macro ${label} takes not more than ${names.length} argument(s)`);
  return values;
}

function macroAttribute(shape: Shape, name: string | undefined, attribute: string) {
  switch (attribute) {
    case "name":
      return name ?? null;
    case "arguments":
      return new Tuple(shape.names);
    case "catch_kwargs":
      return shape.kwargs;
    case "catch_varargs":
      return shape.varargs;
    case "caller":
      return shape.caller;
  }
  return undefined;
}
