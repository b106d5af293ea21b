/** Constrained decoding: answers that are valid JSON, of a schema where one is given. */
import type { ForcedChoice } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import { type Constrainer, type Constraint, createConstraint } from "./constraint.js";
import type { Node } from "./nodes.js";
import { objectNode } from "./rules.js";
import { type CompiledSchema, compileSchema } from "./schema.js";
import { literal } from "./terminals.js";

export { type Constrainer, type Constraint, createConstrainer } from "./constraint.js";

/**
 * Holds an answer to a JSON object (OpenAI's `response_format: { type: "json_object" }`), nested at most 64
 * deep.
 * @param endIds tokens that end an answer
 * @throws ConfigError where there is no end token
 */
export function jsonConstraint(constrainer: Constrainer, endIds: readonly number[]): Constraint {
  return createConstraint(constrainer, "object", () => objectNode, endIds);
}

/**
 * Holds an answer to a JSON Schema (OpenAI's `json_schema`). Properties are written in the order of the
 * schema; those that it does not list only where it says `additionalProperties`.
 * @returns with `notes`: what of the schema is not enforced, a line each
 * @throws ConfigError for a keyword that is not supported, by its place, and where no value fits
 */
export function schemaConstraint(
  constrainer: Constrainer,
  schema: unknown,
  endIds: readonly number[],
): Constraint & { notes: readonly string[] } {
  const { node, notes } = compileSchema(schema);
  const key = `schema ${JSON.stringify(schema)}`;
  return { ...createConstraint(constrainer, key, () => node, endIds), notes };
}

/**
 * Holds an answer to calls of tools (`tool_choice` required, or of one by name). A tool's arguments fit its
 * schema; where that is not supported, they are any JSON object, and the notes say so.
 * @param choices of `forcedCall`
 */
export function callConstraint(
  constrainer: Constrainer,
  choices: readonly ForcedChoice[],
  endIds: readonly number[],
): Constraint & { notes: readonly string[] } {
  const compiled = choices.map(argumentsOf);
  const text = (value: string): Node[] =>
    value === "" ? [] : [{ kind: "terminal", terminal: literal(value) }];
  const node = (): Node => ({
    kind: "choice",
    of: choices.map(({ before, behind }, at) => ({
      kind: "sequence",
      of: [...text(before), compiled[at]!.node, ...text(behind)],
    })),
  });
  const key = `calls ${JSON.stringify(choices)}`;
  return {
    ...createConstraint(constrainer, key, node, endIds),
    notes: compiled.flatMap(({ notes }) => notes),
  };
}

function argumentsOf({ name, parameters }: ForcedChoice): CompiledSchema {
  if (parameters === undefined || parameters === null) return { node: objectNode, notes: [] };
  try {
    const { node, notes } = compileSchema(parameters);
    return { node, notes: notes.map((note) => `tool ${name}: ${note}`) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const note = `the arguments of ${name} can be any JSON object: ${error.message}.`;
    return { node: objectNode, notes: [note] };
  }
}
