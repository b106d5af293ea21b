/** `for` loops. */
import { isTrue } from "./compare.js";
import { compileExpression } from "./compileExpression.js";
import { TemplateSyntaxError } from "./errors.js";
import {
  type Evaluate,
  type Execute,
  type Frame,
  innerPlace,
  type Jump,
  newFrame,
  ownSlot,
  type Place,
  scopeEntry,
  scopeExit,
  type Unit,
} from "./frame.js";
import { iterate, unpack } from "./iterate.js";
import { type Recurse, startLoop } from "./loop.js";
import type { ForLoop, Statement, Target } from "./nodes.js";
import {
  declareParameter,
  declareTarget,
  hasScopedBlock,
  innerScope,
  noteBody,
  noteExpression,
  type Scope,
  storedNames,
  undeclaredNames,
  variableOf,
} from "./scope.js";
import { Tuple, type Value } from "./values.js";

type CompileBody = (body: readonly Statement[], place: Place) => Execute;
type Assign = (frame: Frame, value: Value) => void;

/** The loop over given values. A jump out of its `else` is one of the loop around it. */
type Run = (frame: Frame, values: Value, recurse?: Recurse, depth?: number) => Jump;

export function compileFor(node: ForLoop, place: Place, compileBody: CompileBody): Execute {
  if (storedNames(node).has("loop"))
    throw new TemplateSyntaxError(
      "Can't assign to special loop variable in for-loop target",
      node.line,
    );
  const values = compileExpression(node.iterable, place);
  if (!node.recursive) {
    const run = compileRun(node, place, place, compileBody);
    return (frame) => run(frame, values(frame));
  }
  const unit: Unit = { parent: place.unit, slots: new Map() };
  const run = compileRun(
    node,
    place,
    { ...place, unit, buffered: true, inLoop: false },
    compileBody,
  );
  return (frame) => {
    const recurse: Recurse = (items, depth) => {
      const own = newFrame(frame.context, frame);
      run(own, items, recurse, depth);
      return own.text;
    };
    frame.text += recurse(values(frame), 0) as string;
    return undefined;
  };
}

/** @param inner where the loop runs: a unit of its own if it is recursive */
function compileRun(node: ForLoop, place: Place, inner: Place, compileBody: CompileBody): Run {
  const scope = innerScope(place.scope);
  const needsLoop =
    node.recursive || undeclaredNames(node.body, ["loop"]).size > 0 || hasScopedBlock(node.body);
  const loopVariable = needsLoop ? declareParameter(scope, "loop") : undefined;
  declareTarget(scope, node.target);
  noteBody(scope, node.body);
  const bodyPlace = innerPlace(inner, scope, { inLoop: true });
  const loopSlot = loopVariable === undefined ? -1 : ownSlot(inner.unit, loopVariable);
  const assign = compileLoopTarget(node.target, bodyPlace.unit, scope);
  const filter = node.test ? compileCondition(node, node.test, place, inner.unit) : undefined;
  const enter = scopeEntry(bodyPlace);
  const body = compileBody(node.body, bodyPlace);
  const leave = scopeExit(bodyPlace);
  const otherwise = compileOtherwise(node, inner, compileBody);

  const step = (frame: Frame, item: Value): Jump => {
    assign(frame, item);
    enter(frame);
    return body(frame);
  };
  return (frame, values, recurse, depth = 0) => {
    // As in Jinja2, a `continue` or `break` leaves a loop that has not finished an item as if it had none.
    let finished = false;
    const items = filter?.(frame, values);
    if (loopVariable === undefined) {
      for (const item of items ?? iterate(values)) {
        const jump = step(frame, item);
        if (jump === "break") break;
        finished ||= jump === undefined;
      }
    } else {
      const loop = startLoop(values, items, recurse, depth);
      for (let item = loop.next(); item !== undefined; item = loop.next()) {
        frame.slots[loopSlot] = loop.value;
        const jump = step(frame, item);
        if (jump === "break") break;
        finished ||= jump === undefined;
      }
    }
    leave(frame);
    return finished ? undefined : otherwise?.(frame);
  };
}

function compileOtherwise(
  { otherwise }: ForLoop,
  place: Place,
  compileBody: CompileBody,
): Execute | undefined {
  if (otherwise.length === 0) return undefined;
  const scope = innerScope(place.scope);
  noteBody(scope, otherwise);
  const inner = innerPlace(place, scope);
  const enter = scopeEntry(inner);
  const body = compileBody(otherwise, inner);
  const leave = scopeExit(inner);
  return (frame) => {
    enter(frame);
    const jump = body(frame);
    leave(frame);
    return jump;
  };
}

/** The items for which the loop's condition is true, found one by one. */
function compileCondition(
  node: ForLoop,
  test: NonNullable<ForLoop["test"]>,
  place: Place,
  parent: Unit,
): (frame: Frame, values: Value) => Iterable<Value> {
  const scope = innerScope(place.scope);
  declareTarget(scope, node.target);
  noteExpression(scope, test);
  const unit: Unit = { parent, slots: new Map() };
  const inner = innerPlace(place, scope, { unit });
  const enter = scopeEntry(inner);
  const assign = compileLoopTarget(node.target, unit, scope);
  const condition = compileExpression(test, inner);
  const item = compileLoopItem(node.target, inner);
  return function* (frame, values) {
    const own = newFrame(frame.context, frame);
    enter(own);
    for (const value of iterate(values)) {
      assign(own, value);
      if (isTrue(condition(own))) yield item(own);
    }
  };
}

function compileLoopTarget(target: Target, unit: Unit, scope: Scope): Assign {
  if (target.type === "tuple") {
    const parts = target.items.map((item) => compileLoopTarget(item, unit, scope));
    return (frame, value) => {
      const values = unpack(value, parts.length);
      for (let at = 0; at < parts.length; at++) parts[at]!(frame, values[at]!);
    };
  }
  if (target.type === "attribute")
    throw new TemplateSyntaxError("a loop cannot assign to an attribute", target.line);
  const slot = ownSlot(unit, variableOf(scope, target.name, target.line));
  return ({ slots }, value) => {
    slots[slot] = value;
  };
}

/** The item as the loop's target has it: what was taken apart is a tuple. */
function compileLoopItem(target: Target, place: Place): Evaluate {
  if (target.type === "tuple") {
    const parts = target.items.map((item) => compileLoopItem(item, place));
    return (frame) => new Tuple(parts.map((part) => part(frame)));
  }
  if (target.type === "attribute")
    throw new TemplateSyntaxError("a loop cannot assign to an attribute", target.line);
  return compileExpression({ type: "name", line: target.line, name: target.name }, place);
}
