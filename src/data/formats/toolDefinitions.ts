/** Definitions of tools. They reach the chat template as the file has them. */
import { isDeepStrictEqual } from "node:util";
import { DataError } from "../../util/errors.js";
import { isJsonObject, type JsonValue } from "../../util/json/index.js";
import { openText } from "./cellText.js";
import { contradiction, describe, type Row, rowOf } from "./fields.js";

/** Keys of a row that hold definitions of tools. */
export const toolKeys = ["tools", "functions"];

/**
 * The definitions of a row: a list, one of them alone, or either as JSON text. Undefined where there
 * are none.
 * @throws DataError when one of them is no definition
 */
export function readTools(row: Row): JsonValue[] | undefined {
  const [tools, functions] = toolKeys.map((key) => readDefinitions(row[key], key));
  if (tools && functions && !isDeepStrictEqual(tools, functions)) {
    throw contradiction("the row", "tools", "functions");
  }
  return tools ?? functions;
}

function readDefinitions(value: unknown, name: string): JsonValue[] | undefined {
  const opened = openText(value, name) ?? [];
  const list = isDefinition(opened) ? [opened] : opened;
  if (!Array.isArray(list)) {
    throw new DataError(`${name} is ${describe(list)}, not a list`, {
      todo: `give a list of function definitions, or remove ${name}`,
    });
  }
  const definitions = list.map((one, index) => {
    const definition = openText(one, `${name}[${index}]`);
    if (isJsonObject(definition)) return definition;
    throw new DataError(`${name}[${index}] is ${describe(one)}, not the definition of a function`, {
      todo: "correct or remove the row",
    });
  });
  return definitions.length > 0 ? definitions : undefined;
}

function isDefinition(value: JsonValue): boolean {
  const row = rowOf(value);
  return row !== undefined && ["name", "function", "type"].some((key) => key in row);
}
