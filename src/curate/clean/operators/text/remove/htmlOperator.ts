/** `remove_html`: tags, scripts and entities, except where a conversation is about them. */
import { z } from "zod";
import { type CleanOperator, changeText, rolesOption } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";
import { stripHtml } from "./html.js";

const options = z.strictObject({
  code: z.boolean().default(false).describe("remove inside code too"),
  keep_when_taught: z
    .boolean()
    .default(true)
    .describe("do not change conversations about HTML, XML, CSS or web pages"),
  roles: rolesOption(["system", "user", "assistant", "tool"]),
});

const taught =
  /\b(?:x?html5?|css3?|xml|svg|jsx|tsx|dom|javascript|jquery|bootstrap|vue|react|angular|markup|web ?pages?|flask|django|jinja2?|jsp|php|beautifulsoup|bs4|selenium|scrap(?:e|er|y|ing)|crawler)\b|网页|網頁|前端|标签|標籤|爬虫|爬蟲|<!doctype|<html/i;

/**
 * Removes HTML that scraping left over, with the content of scripts and styles, and decodes
 * entities (see `stripHtml`). Code stays, and so does every conversation about HTML: there the
 * tags are what is learnt. The counterpart in data-juicer is "clean_html_mapper".
 */
export const removeHtml: CleanOperator = {
  name: "remove_html",
  kind: "change",
  summary:
    "remove HTML tags, scripts and comments and decode entities, except in code or texts about HTML",
  options,
  prepare(given) {
    const { code, keep_when_taught, roles } = given as z.output<typeof options>;
    const strip = (text: string) => (/[<&]/.test(text) ? stripHtml(text) : text);
    return (row) => {
      if (!row.messages.some(({ content }) => /[<&]/.test(content))) return row;
      if (keep_when_taught && row.messages.some(({ content }) => taught.test(content))) return row;
      return changeText(row, roles, (text) => (code ? strip(text) : mapProse(text, strip)));
    };
  },
};
