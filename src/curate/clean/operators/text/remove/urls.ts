/** `remove_urls` and `replace_urls`. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";
import { findUrls } from "../scan/urls.js";

const code = z.boolean().default(false).describe("also inside code");
const brackets = new Map([
  ["(", ")"],
  ["（", "）"],
  ["[", "]"],
  ["【", "】"],
  ["<", ">"],
  ["《", "》"],
]);
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
  summary: "remove URLs; keep the labels of Markdown links",
  options: z.strictObject({ code }),
  prepare: (options) => withProse(options.code, (text) => cut(unlink(text))),
});

/** Puts a placeholder where web addresses were. */
export const replaceUrls = textChange({
  name: "replace_urls",
  summary: "replace URLs by a placeholder",
  options: z.strictObject({
    code,
    replacement: z.string().default("<URL>").describe("the placeholder"),
  }),
  prepare: ({ code: inCode, replacement }) =>
    withProse(inCode, (text) => exchange(text, replacement)),
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

function exchange(text: string, replacement: string): string {
  let out = "";
  let copied = 0;
  for (const { start, end } of findUrls(text)) {
    out += text.slice(copied, start) + replacement;
    copied = end;
  }
  return out + text.slice(copied);
}

/** Without the addresses, the brackets that held only one, and one of the spaces around it. */
function cut(text: string): string {
  let out = "";
  let copied = 0;
  for (const { start, end } of findUrls(text)) {
    let before = text.slice(copied, start);
    copied = end;
    const closing = brackets.get(before.at(-1) ?? "");
    if (closing && text[copied] === closing) {
      before = before.slice(0, -1);
      copied++;
    }
    const atEnd = copied === text.length || /[\s，。！？；,.!?;]/.test(text[copied]!);
    out += atEnd && before.endsWith(" ") ? before.slice(0, -1) : before;
  }
  return copied === 0 ? text : out + text.slice(copied);
}
