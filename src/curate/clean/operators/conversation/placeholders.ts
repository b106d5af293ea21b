/** Variables of a template that nobody filled in. */
import { z } from "zod";
import { type CleanOperator, type Roles, rolesOption } from "../../operator.js";
import { withoutCode } from "./loops.js";

interface PlaceholderOptions {
  also: string[];
  roles: Roles;
}

export const filterPlaceholders: CleanOperator<PlaceholderOptions> = {
  name: "filter_placeholders",
  kind: "filter",
  summary: "remove rows with {{name}} or similar outside code; --set name=value replaces them",
  options: z.strictObject({
    also: z
      .array(z.string().min(1))
      .default([])
      .describe("more placeholders, for example [Your Name]"),
    roles: rolesOption(["system", "assistant"]),
  }),
  prepare({ also, roles }) {
    const variable = /\{\{\s*[\p{L}_][\p{L}\p{N}_.]*\s*\}\}/u;
    return (row) => {
      for (const [index, { role, content }] of row.messages.entries()) {
        if (!roles.includes(role)) continue;
        const text = withoutCode(content).replace(/`[^`\n]*`/g, "");
        const found = variable.exec(text)?.[0] ?? also.find((word) => text.includes(word));
        if (found !== undefined) {
          return { reason: `message ${index + 1} has the placeholder ${found}` };
        }
      }
      return row;
    };
  },
};
