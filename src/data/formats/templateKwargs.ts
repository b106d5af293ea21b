/** Variables that a row gives to the chat template. */
import { reservedVariable, type TemplateVariables } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { openText } from "./cellText.js";
import { describe, isRow, withoutNulls } from "./fields.js";

/**
 * Variables of a row for the chat template: an object, or one written as JSON text; undefined where
 * there is none.
 * @throws DataError for another value, and for names that are no variables
 */
export function templateKwargs(value: unknown): TemplateVariables | undefined {
  const name = "chat_template_kwargs";
  const given = openText(value, name);
  if (given === undefined) return undefined;
  if (!isRow(given)) {
    throw new DataError(`${name} is ${describe(given)}, not an object`, {
      todo: `give an object of variables, or remove ${name}`,
    });
  }
  const reserved = reservedVariable(given);
  if (reserved !== undefined) {
    throw new DataError(`${name} sets ${reserved}, which is no variable of a template`, {
      why: "it follows from the conversation",
      todo: `remove ${reserved} from ${name}`,
    });
  }
  const variables = withoutNulls(given);
  return Object.keys(variables).length > 0 ? variables : undefined;
}
