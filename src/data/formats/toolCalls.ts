/** Calls of tools, in every spelling that files have them in. */
import { isDeepStrictEqual } from "node:util";
import type { ToolCall } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { isJsonObject, type JsonValue } from "../../util/json/index.js";
import { openText } from "./cellText.js";
import {
  contradiction,
  describe,
  inOrder,
  type Row,
  refuseKeys,
  rowOf,
  text,
  without,
  withoutNulls,
} from "./fields.js";

/** Names under which files have a call's arguments. */
const argumentNames = ["arguments", "parameters", "args", "input"];

/** What says that something is a call, and nothing else. */
const callTypes = ["function", "function_call", "tool_call", "tool_use"];

/**
 * A call or a list of calls, each an object or its JSON text: OpenAI's `{id, type, function}`, a bare
 * `{name, arguments}`, or `{function: NAME, arguments}`. Arguments that are JSON text become objects,
 * which is what chat templates expect; where there are none they are `{}`. Keys keep their order.
 * @param name names the value in errors
 * @throws DataError naming a key without a meaning, or what is missing
 */
export function readCalls(value: unknown, name: string): ToolCall[] {
  const calls = openText(value, name) ?? [];
  if (!Array.isArray(calls)) return [readCall(calls, name, 0)];
  return calls.map((call, index) => readCall(call, `${name}[${index}]`, index));
}

function readCall(value: unknown, name: string, position: number): ToolCall {
  const call = callOf(value, name);
  const { index, id, type, ...called } = call;
  if (index !== undefined && index !== position) {
    throw new DataError(`${name}.index is ${describe(index)}`, {
      why: `the call is number ${position} of its list`,
      todo: "put the calls in their order, or remove index",
    });
  }
  const own = {
    ...(id === undefined || id === "" ? {} : { id: text(id, `${name}.id`) }),
    type: readType(type, `${name}.type`),
  };
  const inner = openFunction(called.function, `${name}.function`);
  if (inner === undefined) return { ...own, function: readFunction(called, name) };
  refuseKeys(without(called, ["function"]), name);
  const known = { ...own, function: readFunction(inner, `${name}.function`) };
  return inOrder(known, type === undefined ? [] : Object.keys(call));
}

function callOf(value: unknown, name: string): Row {
  const call = rowOf(openText(value, name));
  if (call) return withoutNulls(call);
  throw new DataError(`${name} is ${describe(value)}, not a function call`, {
    why: 'a call has the form {"name", "arguments"}',
    todo: "correct or remove the row",
  });
}

/** The function of a call where it is an object, or the text of one; a name is none. */
function openFunction(value: unknown, name: string): Row | undefined {
  const isText = typeof value === "string" && value.trimStart().startsWith("{");
  const opened = rowOf(isText ? openText(value, name) : value);
  return opened && withoutNulls(opened);
}

function readType(type: unknown, name: string): "function" {
  if (type === undefined || callTypes.some((known) => known === type)) return "function";
  throw new DataError(`${name} is ${JSON.stringify(type)}`, {
    why: "chat templates know calls of functions alone",
    todo: "correct or remove the row",
  });
}

/** Name and arguments under their usual names, at the places that they have in the file. */
function readFunction(called: Row, place: string): ToolCall["function"] {
  const { name, function: otherName } = called;
  if (name !== undefined && otherName !== undefined && name !== otherName) {
    throw contradiction(place, "name", "function");
  }
  refuseKeys(without(called, ["name", "function", ...argumentNames]), place);
  const given = argumentNames.filter((key) => called[key] !== undefined && called[key] !== "");
  const values = given.map((key) => readArguments(called[key], `${place}.${key}`));
  const other = given.find((_, at) => !isDeepStrictEqual(values[0], values[at]));
  if (other !== undefined) throw contradiction(place, given[0]!, other);
  const usual = (key: string) => {
    if (key === "function") return "name";
    return key === given[0] ? "arguments" : key;
  };
  const known = {
    name: text(name ?? otherName, `${place}.name`),
    arguments: values[0] ?? {},
  };
  return inOrder(known, Object.keys(called).map(usual));
}

function readArguments(value: unknown, name: string): JsonValue {
  const given = openText(value, name) ?? {};
  if (Array.isArray(given) || isJsonObject(given)) return given;
  throw new DataError(`${name} is ${describe(given)}, not an object`, {
    todo: "correct or remove the row",
  });
}
