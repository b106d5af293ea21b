/** `remove_urls` and `replace_urls`. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";
import { findUrls } from "../scan/urls.js";

const code = z.boolean().default(false).describe("work inside code too");
const mayHold = /:\/\/|www\./i;
/** `[label](address)` and `![label](address "title")`; bounded, so that brackets cost no more than their number. */
const markdownLink =
  /(!?)\[([^[\]\n]{0,300})\]\((?:https?:\/\/|www\.)[^\s()]{1,2000}(?: "[^"\n]{0,200}")?\)/gi;

/**
 * Removes web addresses; of a Markdown link the label stays, a Markdown image goes. Brackets that
 * held nothing else go too. data-juicer's counterpart is "clean_links_mapper".
 */
export const removeUrls = textChange({
  name: "remove_urls",
  summary: "remove web addresses; the label of a Markdown link stays",
  options: z.strictObject({ code }),
  prepare: (options) => withProse(options.code, (text) => tidy(exchange(unlink(text), () => ""))),
});

/** Puts a placeholder where web addresses were. */
export const replaceUrls = textChange({
  name: "replace_urls",
  summary: "put a placeholder where web addresses were",
  options: z.strictObject({
    code,
    replacement: z.string().default("<URL>").describe("what stands for an address"),
  }),
  prepare: ({ code: inCode, replacement }) =>
    withProse(inCode, (text) => exchange(text, () => replacement)),
});

function withProse(inCode: boolean, change: (text: string) => string) {
  return (text: string) => {
    if (!mayHold.test(text)) return text;
    return inCode ? change(text) : mapProse(text, change);
  };
}

function unlink(text: string): string {
  return text.replace(markdownLink, (_, image: string, label: string) =>
    image === "!" || mayHold.test(label) ? "" : label,
  );
}

function exchange(text: string, replacement: (url: string) => string): string {
  let out = "";
  let copied = 0;
  for (const { start, end } of findUrls(text)) {
    out += text.slice(copied, start) + replacement(text.slice(start, end));
    copied = end;
  }
  return out + text.slice(copied);
}

function tidy(text: string): string {
  return text
    .replace(/[(（[【<《]\s{0,4}[)）\]】>》]/g, "")
    .replace(/(?<=\S) {2,8}(?=\S)/g, " ")
    .replace(/(?<! ) {1,8}(?=\n|$)/g, "");
}
