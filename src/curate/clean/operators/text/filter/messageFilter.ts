/** Filters that judge each message by itself. */
import type { z } from "zod";
import {
  type CleanOperator,
  rolesOption,
  type TextOperatorDefinition,
  textsOf,
} from "../../../operator.js";

/**
 * As `textFilter`, but each message is judged alone, and those of the assistant by default: an answer
 * that quotes the question, or a second answer built like the first, repeats nothing by itself.
 */
export function messageFilter<Shape extends z.ZodRawShape>(
  definition: TextOperatorDefinition<Shape, string | null>,
): CleanOperator {
  return {
    name: definition.name,
    kind: "filter",
    summary: definition.summary,
    options: definition.options.extend({ roles: rolesOption(["assistant"]) }),
    prepare(given) {
      const { roles, ...own } = given as { roles: string[] };
      const judge = definition.prepare(definition.options.parse(own));
      return (row) => {
        for (const message of row.messages) {
          if (!roles.includes(message.role)) continue;
          for (const text of textsOf(message)) {
            const reason = judge(text);
            if (reason !== null) return { reason };
          }
        }
        return row;
      };
    },
  };
}
