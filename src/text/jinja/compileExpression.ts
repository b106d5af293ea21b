/** Expressions to functions that compute them. */
import { attributeReader, call, getItem, methodCaller } from "./attributes.js";
import { comparisons, isTrue } from "./compare.js";
import { dictEntries, dictOf, isDict } from "./dicts.js";
import { TemplateError, TemplateSyntaxError, typeError } from "./errors.js";
import { filters, tests } from "./filters/index.js";
import { type Evaluate, type Frame, nameReader, type Place, softPlace } from "./frame.js";
import { iterate, sliceOf } from "./iterate.js";
import type { CallArguments, Expression, Filter } from "./nodes.js";
import { arithmetic, unary } from "./operators.js";
import { toText } from "./print.js";
import { runMethod } from "./signature.js";
import { type Arguments, Tuple, textOf, typeName, Undefined, type Value } from "./values.js";

export function compileExpression(node: Expression, place: Place): Evaluate {
  const compile = (inner: Expression) => compileExpression(inner, place);
  switch (node.type) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "name":
      return nameReader(place, node.name, node.line);
    case "tuple": {
      const items = node.items.map(compile);
      return (frame) => new Tuple(items.map((item) => item(frame)));
    }
    case "list": {
      const items = node.items.map(compile);
      return (frame) => items.map((item) => item(frame));
    }
    case "dict": {
      const entries = node.entries.map(({ key, value }) => [compile(key), compile(value)] as const);
      return (frame) => dictOf(entries.map(([key, value]) => [key(frame), value(frame)]));
    }
    case "unary":
      return compileUnary(node.operator, compile(node.operand));
    case "binary": {
      const operation = arithmetic[node.operator]!;
      const [left, right] = [compile(node.left), compile(node.right)];
      return (frame) => operation(left(frame), right(frame));
    }
    case "logic":
      return compileLogic(node.operator, compile(node.left), compile(node.right));
    case "compare":
      return compileCompare(node, place);
    case "concat": {
      const parts = node.parts.map(compile);
      return (frame) => parts.reduce((text, part) => text + toText(part(frame)), "");
    }
    case "conditional":
      return compileConditional(node, softPlace(place));
    case "attribute": {
      const object = compile(node.object);
      const read = attributeReader(node.name);
      return (frame) => read(object(frame));
    }
    case "item": {
      const [object, key] = [compile(node.object), compile(node.key)];
      return (frame) => getItem(object(frame), key(frame));
    }
    case "slice": {
      const object = compile(node.object);
      const [start, stop, step] = [node.start, node.stop, node.step].map((part) =>
        part === undefined ? () => null : compile(part),
      );
      return (frame) => sliceOf(object(frame), start!(frame), stop!(frame), step!(frame));
    }
    case "call":
      return compileCall(node, place);
    default:
      return compileFilter(node, place);
  }
}

function compileUnary(operator: "-" | "+" | "not", operand: Evaluate): Evaluate {
  if (operator === "not") return (frame) => !isTrue(operand(frame));
  return (frame) => unary(operator, operand(frame));
}

function compileLogic(operator: "and" | "or", left: Evaluate, right: Evaluate): Evaluate {
  const stopsAt = operator === "or";
  return (frame) => {
    const value = left(frame);
    return isTrue(value) === stopsAt ? value : right(frame);
  };
}

function compileCompare(
  { first, rest }: Extract<Expression, { type: "compare" }>,
  place: Place,
): Evaluate {
  const start = compileExpression(first, place);
  const steps = rest.map(({ operator, value }) => ({
    compare: comparisons[operator]!,
    value: compileExpression(value, place),
  }));
  const [only] = steps;
  if (steps.length === 1) return (frame) => only!.compare(start(frame), only!.value(frame));
  return (frame) => {
    let left = start(frame);
    for (const { compare, value } of steps) {
      const right = value(frame);
      if (!compare(left, right)) return false;
      left = right;
    }
    return true;
  };
}

function compileConditional(
  { test, value, otherwise, line }: Extract<Expression, { type: "conditional" }>,
  place: Place,
): Evaluate {
  const condition = compileExpression(test, place);
  const yes = compileExpression(value, place);
  const no =
    otherwise === undefined
      ? () =>
          new Undefined(
            () =>
              `the inline if-expression on line ${line} evaluated to false and no else section was defined.`,
          )
      : compileExpression(otherwise, place);
  return (frame) => (isTrue(condition(frame)) ? yes(frame) : no(frame));
}

function compileCall(node: Extract<Expression, { type: "call" }>, place: Place): Evaluate {
  const args = compileArguments(node, place);
  const { callee } = node;
  if (callee.type === "attribute") {
    const object = compileExpression(callee.object, place);
    const callMethod = methodCaller(callee.name);
    return (frame) => {
      const self = object(frame);
      return callMethod(self, args(frame));
    };
  }
  const called = compileExpression(callee, place);
  return (frame) => call(called(frame), args(frame));
}

const nothing: Arguments = { positional: [] };

/** @param more arguments by name besides those of the node */
export function compileArguments(
  node: CallArguments,
  place: Place,
): (frame: Frame, more?: readonly [string, Value]) => Arguments {
  const positional = node.positional.map((value) => compileExpression(value, place));
  const named = node.named.map(
    ({ name, value }) => [name, compileExpression(value, place)] as const,
  );
  const rest = node.rest && compileExpression(node.rest, place);
  const namedRest = node.namedRest && compileExpression(node.namedRest, place);
  const repeated = node.named.find(
    ({ name }, at) => node.named.findIndex((one) => one.name === name) < at,
  );
  if (repeated)
    throw new TemplateSyntaxError(
      `keyword argument repeated: ${repeated.name}`,
      repeated.value.line,
    );
  if (!rest && !namedRest && named.length === 0)
    return (frame, more) => {
      if (positional.length === 0 && !more) return nothing;
      const values = positional.map((value) => value(frame));
      return more ? { positional: values, named: new Map([more]) } : { positional: values };
    };
  return (frame, more) => {
    const values = positional.map((value) => value(frame));
    if (rest) values.push(...iterate(rest(frame), "argument after * must be an iterable, not"));
    const byName = new Map(named.map(([name, value]) => [name, value(frame)]));
    if (namedRest) addNamed(byName, namedRest(frame));
    if (more) byName.set(...more);
    return { positional: values, named: byName };
  };
}

function addNamed(named: Map<string, Value>, more: Value): void {
  if (!isDict(more)) throw typeError(`argument after ** must be a mapping, not ${typeName(more)}`);
  for (const [key, value] of dictEntries(more)) {
    const name = textOf(key);
    if (name === undefined) throw typeError("keywords must be strings");
    if (named.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
    named.set(name, value);
  }
}

/** A filter or test. The innermost filter of a block has no operand: it takes the block's text. */
export function compileFilter(node: Filter, place: Place): Evaluate {
  const operand = node.operand ? compileExpression(node.operand, place) : ownText;
  const { name, type, line } = node;
  const one = (type === "filter" ? filters : tests).get(name);
  if (one === undefined) {
    if (!place.soft) throw new TemplateSyntaxError(`No ${type} named '${name}'.`, line);
    return () => {
      throw new TemplateError("TemplateRuntimeError", `No ${type} named '${name}' found.`);
    };
  }
  const args = compileArguments(node, place);
  return (frame) => runMethod(operand(frame), name, one, args(frame));
}

/** What the frame has written since its block began. */
export const ownText = ({ text }: Frame): Value => text;
