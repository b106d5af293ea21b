/** Variables of a template that nobody filled in. */
import { z } from "zod";
import { type CleanOperator, type Roles, rolesOption } from "../../operator.js";
import { maskQuoted } from "../text/scan/quotedText.js";

interface PlaceholderOptions {
  also: string[];
  keep_when_taught: boolean;
  roles: Roles;
}

/** Not `${{ x }}` of workflows, nor LaTeX's `\frac{{a}}{{b}}` and `x^{{n}}`. */
const variable = /(?<![\^_$}{]|\\[A-Za-z]{1,20})\{\{\s*[\p{L}_][\p{L}\p{N}_.]*\s*\}\}(?!\})/gu;
const htmlTag = /<\/?[a-z][^<>]{0,200}>/i;

const taught =
  /\b(?:jinja2?|handlebars|m(?:o)?ustache|nunjucks|liquid|twig|django|flask|vue|angular(?:js)?|svelte|helm|ansible|hugo|jekyll|langchain|postman|f-strings?|interpolation|templating|template (?:engine|language|syntax|string|variable|literal)s?|(?:prompt|chat|go) templates?|placeholders?)\b|模板|占位符|插值/i;

export const filterPlaceholders: CleanOperator<PlaceholderOptions> = {
  name: "filter_placeholders",
  kind: "filter",
  summary:
    "remove rows with {{name}} or similar outside code and quotations; --set name=value replaces them",
  options: z.strictObject({
    also: z
      .array(z.string().min(1))
      .default([])
      .describe("more placeholders, for example [Your Name]"),
    keep_when_taught: z
      .boolean()
      .default(true)
      .describe("keep conversations about templates and placeholders"),
    roles: rolesOption(["system", "assistant"]),
  }),
  prepare({ also, keep_when_taught: keepTaught, roles }) {
    const find = (text: string) => {
      if (!text.includes("{{") && !also.some((word) => text.includes(word))) return undefined;
      const said = maskQuoted(text);
      for (const { 0: found, index } of said.matchAll(variable)) {
        const line = said.slice(said.lastIndexOf("\n", index) + 1).split("\n", 1)[0]!;
        if (!htmlTag.test(line)) return found;
      }
      return also.find((word) => said.includes(word));
    };
    return (row) => {
      for (const [index, { role, content }] of row.messages.entries()) {
        if (!roles.includes(role)) continue;
        const found = find(content);
        if (found === undefined) continue;
        if (keepTaught && row.messages.some((message) => taught.test(message.content))) return row;
        return { reason: `message ${index + 1} has the placeholder ${found}` };
      }
      return row;
    };
  },
};
