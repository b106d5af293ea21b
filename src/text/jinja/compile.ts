/** Statements to functions that run them. */
import { call, setAttribute } from "./attributes.js";
import { isTrue } from "./compare.js";
import {
  compileArguments,
  compileExpression,
  compileFilter,
  ownText,
} from "./compileExpression.js";
import { compileFor } from "./compileFor.js";
import { compileMacro } from "./compileMacro.js";
import { atLine, TemplateError, TemplateSyntaxError } from "./errors.js";
import {
  type Execute,
  type Frame,
  innerPlace,
  newFrame,
  ownSlot,
  type Place,
  scopeEntry,
  scopeExit,
  softPlace,
  storedReaders,
} from "./frame.js";
import { unpack } from "./iterate.js";
import type { Statement, Target } from "./nodes.js";
import { toText } from "./print.js";
import { declareTarget, innerScope, noteBody, noteExpression, variableOf } from "./scope.js";
import type { Value } from "./values.js";

/** Statements that run one after the other until one of them jumps. */
export function compileBody(body: readonly Statement[], place: Place): Execute {
  const steps = body.map((statement) => {
    const run = compileStatement(statement, place);
    return statement.type === "output" ? run : located(statement.line, run);
  });
  return inTurn(steps);
}

function inTurn(steps: readonly Execute[]): Execute {
  const [only] = steps;
  if (steps.length === 1) return only!;
  return (frame) => {
    for (const step of steps) {
      const jump = step(frame);
      if (jump) return jump;
    }
    return undefined;
  };
}

/** Errors get the line of the innermost statement. */
function located(line: number, run: Execute): Execute {
  return (frame) => {
    try {
      return run(frame);
    } catch (error) {
      throw atLine(error, line);
    }
  };
}

function compileStatement(node: Statement, place: Place): Execute {
  switch (node.type) {
    case "output":
      return compileOutput(node.parts, place);
    case "if":
      return compileIf(node, softPlace(place));
    case "for":
      return compileFor(node, place, compileBody);
    case "set": {
      const value = compileExpression(node.value, place);
      const assign = compileTarget(node.target, place);
      return (frame) => {
        assign(frame, value(frame));
        return undefined;
      };
    }
    case "setBlock":
      return compileSetBlock(node, place);
    case "filterBlock":
      return compileFilterBlock(node, place);
    case "with":
      return compileWith(node, place);
    case "macro":
      return compileMacroStatement(node, place);
    case "callBlock":
      return compileCallBlock(node, place);
    case "block":
      return compileBlock(node, place);
    case "break":
    case "continue": {
      const { type, line } = node;
      if (!place.inLoop) throw new TemplateSyntaxError(`'${type}' outside loop`, line);
      return () => type;
    }
    case "load":
      return () => {
        throw new TemplateError(
          "TypeError",
          `no loader for this environment specified: {% ${node.tag} %} needs another template`,
        );
      };
  }
}

function compileOutput(
  parts: Extract<Statement, { type: "output" }>["parts"],
  place: Place,
): Execute {
  const writers = parts.map((part): Execute => {
    if (typeof part === "string")
      return (frame) => {
        frame.text += part;
        return undefined;
      };
    const value = compileExpression(part, place);
    return located(part.line, (frame) => {
      const text = toText(value(frame));
      frame.text += text;
      return undefined;
    });
  });
  return inTurn(writers);
}

function compileIf(
  { branches, otherwise }: Extract<Statement, { type: "if" }>,
  place: Place,
): Execute {
  const choices = branches.map(({ test, body }) => ({
    test: compileExpression(test, place),
    run: compileBody(body, place),
  }));
  const last = compileBody(otherwise, place);
  return (frame) => {
    for (const { test, run } of choices) if (isTrue(test(frame))) return run(frame);
    return last(frame);
  };
}

/**
 * Assigns a value to what a target names. What is set outside of loops, macros and blocks is also seen
 * by macros that look a name up when they are called.
 */
export function compileTarget(target: Target, place: Place): (frame: Frame, value: Value) => void {
  if (target.type === "tuple") {
    const parts = target.items.map((item) => compileTarget(item, place));
    return (frame, value) => {
      const values = unpack(value, parts.length);
      for (const [at, assign] of parts.entries()) assign(frame, values[at]!);
    };
  }
  if (target.type === "attribute") {
    const read = compileExpression(
      { type: "name", line: target.line, name: target.namespace },
      place,
    );
    return (frame, value) => setAttribute(read(frame), target.name, value);
  }
  const { name } = target;
  const slot = ownSlot(place.unit, variableOf(place.scope, name, target.line));
  if (!place.topLevel)
    return ({ slots }, value) => {
      slots[slot] = value;
    };
  return ({ slots, context }, value) => {
    slots[slot] = value;
    context.set.set(name, value);
  };
}

/**
 * Runs a body and takes what it wrote.
 * @param use gets the frame while its text is the body's
 */
function captured<Result>(
  frame: Frame,
  run: Execute,
  use: (frame: Frame) => Result,
): { jump: "break" | "continue" } | { jump: undefined; result: Result } {
  const before = frame.text;
  frame.text = "";
  const jump = run(frame);
  const result = jump ? undefined : use(frame);
  frame.text = before;
  return jump ? { jump } : { jump: undefined, result: result as Result };
}

function compileSetBlock(
  { target, filter, body }: Extract<Statement, { type: "setBlock" }>,
  place: Place,
): Execute {
  const scope = innerScope(place.scope);
  noteBody(scope, body);
  const inner = innerPlace(place, scope, { buffered: true });
  const enter = scopeEntry(inner);
  const run = compileBody(body, inner);
  const value = filter ? compileFilter(filter, inner) : ownText;
  const assign = compileTarget(target, place);
  const leave = scopeExit(inner);
  return (frame) => {
    enter(frame);
    const outcome = captured(frame, run, value);
    if (outcome.jump) return outcome.jump;
    assign(frame, outcome.result);
    leave(frame);
    return undefined;
  };
}

function compileFilterBlock(
  { filter, body }: Extract<Statement, { type: "filterBlock" }>,
  place: Place,
): Execute {
  const scope = innerScope(place.scope);
  noteBody(scope, body);
  noteExpression(scope, filter);
  const inner = innerPlace(place, scope, { buffered: true });
  const enter = scopeEntry(inner);
  const run = compileBody(body, inner);
  const value = compileFilter(filter, inner);
  const leave = scopeExit(inner);
  return (frame) => {
    enter(frame);
    const outcome = captured(frame, run, value);
    if (outcome.jump) return outcome.jump;
    frame.text += toText(outcome.result);
    leave(frame);
    return undefined;
  };
}

function compileWith(
  { assignments, body }: Extract<Statement, { type: "with" }>,
  place: Place,
): Execute {
  const scope = innerScope(place.scope);
  for (const { target } of assignments) declareTarget(scope, target);
  noteBody(scope, body);
  const inner = innerPlace(place, scope);
  const enter = scopeEntry(inner);
  const steps = assignments.map(({ target, value }) => ({
    assign: compileTarget(target, inner),
    value: compileExpression(value, place),
  }));
  const run = compileBody(body, inner);
  const leave = scopeExit(inner);
  return (frame) => {
    enter(frame);
    for (const { assign, value } of steps) assign(frame, value(frame));
    const jump = run(frame);
    leave(frame);
    return jump;
  };
}

function compileMacroStatement(node: Extract<Statement, { type: "macro" }>, place: Place): Execute {
  const make = compileMacro(node, node.name, place, compileBody);
  const assign = compileTarget({ type: "name", line: node.line, name: node.name }, place);
  return (frame) => {
    assign(frame, make(frame));
    return undefined;
  };
}

function compileCallBlock(node: Extract<Statement, { type: "callBlock" }>, place: Place): Execute {
  const make = compileMacro(node, undefined, place, compileBody);
  if (node.call === undefined) {
    place.notes.generations.push(!place.buffered);
    return (frame) => {
      const text = toText(call(make(frame), { positional: [] }));
      frame.context.spans.push([frame.text.length, frame.text.length + text.length]);
      frame.text += text;
      return undefined;
    };
  }
  const callee = compileExpression(node.call.callee, place);
  const args = compileArguments(node.call, place);
  return (frame) => {
    const caller = make(frame);
    const text = toText(call(callee(frame), args(frame, ["caller", caller])));
    frame.text += text;
    return undefined;
  };
}

/** A block is rendered where it stands, with variables of its own. */
function compileBlock(node: Extract<Statement, { type: "block" }>, place: Place): Execute {
  const { name, body, line, scoped, required } = node;
  if (place.notes.blocks.has(name))
    throw new TemplateSyntaxError(`block '${name}' defined twice`, line);
  place.notes.blocks.add(name);
  const scope = innerScope(undefined);
  noteBody(scope, body);
  const unit = { parent: undefined, slots: new Map<string, number>() };
  const inner = innerPlace(place, scope, { unit, inLoop: false, buffered: true });
  const enter = scopeEntry(inner);
  const run = compileBody(body, inner);
  const stored = scoped ? storedReaders(place) : [];
  return (frame) => {
    if (required)
      throw new TemplateError("TemplateRuntimeError", `Required block '${name}' not found`);
    const set = new Map(frame.context.set);
    for (const [local, read] of stored) {
      const value = read(frame);
      if (value !== undefined) set.set(local, value);
    }
    const own = newFrame({ ...frame.context, set });
    enter(own);
    run(own);
    frame.text += own.text;
    return undefined;
  };
}
