/** The filter `urlize`: web and mail addresses in a text become links. */
import { characters, spaceClass } from "../../../util/codePoints.js";
import { isTrue } from "../compare.js";
import { TemplateError } from "../errors.js";
import { escaped } from "../escape.js";
import { iterate } from "../iterate.js";
import { toRepr, toText } from "../print.js";
import { splitText } from "../textMethods.js";
import { intOf, type Value } from "../values.js";

const word = "\\p{L}\\p{N}_";
const notSpace = `[^${spaceClass}]`;

const webAddress = new RegExp(
  `^(?:(?:https?://|www\\.)(?:(?:[${word}%\\-]+\\.)+)?(?:[a-z]{2,63}|xn--[${word}%]{2,59})` +
    `|(?:[${word}%\\-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)` +
    "|https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}" +
    "|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\]))" +
    `(?::\\p{Nd}{1,5})?(?:[/?#]${notSpace}*)?\\n?$`,
  "iu",
);
const mailAddress = new RegExp(`^${notSpace}+@[${word}][${word}.\\-]*\\.[${word}]+\\n?$`, "u");
const brackets = [
  ["(", ")"],
  ["<", ">"],
  ["&lt;", "&gt;"],
] as const;

interface LinkStyle {
  attributes: string;
  limit: number | undefined;
  schemes: readonly string[];
}

export function linkUrls(
  value: Value,
  limit: Value = null,
  noFollow: Value = false,
  target: Value = null,
  rel: Value = null,
  extraSchemes: Value = null,
): string {
  const relations = new Set(rel === null ? [] : splitText(toText(rel)));
  if (isTrue(noFollow)) relations.add("nofollow");
  relations.add("noopener");
  const schemes = extraSchemes === null ? [] : [...iterate(extraSchemes)];
  for (const scheme of schemes)
    if (!/^[\p{L}\p{N}_.+-]{2,}:\/{0,2}$/u.test(toText(scheme)))
      throw new TemplateError(
        "FilterArgumentError",
        `${toRepr(scheme)} is not a valid URI scheme prefix.`,
      );
  const style: LinkStyle = {
    attributes:
      ` rel="${escaped([...relations].sort().join(" "))}"` +
      (target !== null && isTrue(target) ? ` target="${escaped(target)}"` : ""),
    limit: limit === null ? undefined : Number(intOf(limit) ?? 0),
    schemes: schemes.map(toText),
  };
  return escaped(value)
    .split(new RegExp(`([${spaceClass}]+)`))
    .map((part) => linkWord(part, style))
    .join("");
}

function linkWord(part: string, style: LinkStyle): string {
  const head = /^(?:[(<]|&lt;)+/.exec(part)?.[0] ?? "";
  let middle = part.slice(head.length);
  let tail = /(?:[)>.,\n]|&gt;)+$/.exec(middle)?.[0] ?? "";
  middle = middle.slice(0, middle.length - tail.length);
  for (const [open, close] of brackets) {
    const opened = middle.split(open).length - 1;
    if (opened <= middle.split(close).length - 1) continue;
    for (let left = Math.min(opened, tail.split(close).length - 1); left > 0; left--) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
    }
  }
  return head + link(middle, style) + tail;
}

function link(text: string, { attributes, limit, schemes }: LinkStyle): string {
  if (webAddress.test(text)) {
    const address = /^https?:\/\//.test(text) ? text : `https://${text}`;
    return `<a href="${address}"${attributes}>${shorten(text, limit)}</a>`;
  }
  if (text.startsWith("mailto:") && mailAddress.test(text.slice(7)))
    return `<a href="${text}">${text.slice(7)}</a>`;
  if (!/^www\.|^@|:/.test(text) && text.includes("@") && mailAddress.test(text))
    return `<a href="mailto:${text}">${text}</a>`;
  return schemes.reduce(
    (shown, scheme) =>
      shown !== scheme && shown.startsWith(scheme)
        ? `<a href="${shown}"${attributes}>${shown}</a>`
        : shown,
    text,
  );
}

function shorten(text: string, limit: number | undefined): string {
  const all = characters(text);
  return limit !== undefined && all.length > limit ? `${all.slice(0, limit).join("")}...` : text;
}
