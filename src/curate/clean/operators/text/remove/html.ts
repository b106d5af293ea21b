/**
 * Taking HTML out of text in one pass from left to right. No HTML parser does this: one has a
 * meaning for every text, drops `<int>` of `vector<int>`, `<b and c>` of a formula and all that
 * follows `1<p`, and here the question is which of it is HTML at all.
 */
import { blockElements, droppedWithContent, entityCharacter, isHtmlElement } from "./htmlNames.js";

/** Longest tag that is recognised, so that a text full of `<` costs no more than its length. */
const longestTag = 2000;
const tagName = /\/?([A-Za-z][A-Za-z0-9]*)/y;
const attribute =
  /\s+(?:[A-Za-z_:@][-\w:.@]*\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=]+)|(?:async|autofocus|checked|controls|defer|disabled|hidden|loop|multiple|muted|nowrap|readonly|required|selected)(?=[\s/>]))/y;
const tagEnd = /\s*\/?>/y;
const entity = /&(#?[A-Za-z0-9]{2,31});/g;
/** What makes an entity of a `&` before it. */
const entityRest = /^#?[A-Za-z0-9]{2,31};/;
const superscripts = new Map(
  [..."0123456789+-n()"].map((plain, i) => [plain, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾"[i]!]),
);
const subscripts = new Map([..."0123456789+-()"].map((plain, i) => [plain, "₀₁₂₃₄₅₆₇₈₉₊₋₍₎"[i]!]));

/** An HTML tag in a text. */
interface Tag {
  name: string;
  closes: boolean;
  end: number;
}

/**
 * The text without tags, comments, scripts and styles, and with entities decoded. Only names that
 * HTML has count as tags, and only with attributes of the form that HTML has: `<stdio.h>`,
 * `List<String>`, `<think>` and `a <b and c> d` stay. Block elements leave a line break (a space in
 * the row of a table), `x<sup>2</sup>` becomes `x²`.
 */
export function stripHtml(text: string): string {
  return decodeEntities(text.includes("<") ? stripTags(text) : text);
}

function stripTags(text: string): string {
  const out: Output = { text: "", last: "", blank: true, row: false };
  let copied = 0;
  let search = 0;
  const lost = new Set<string>();
  for (;;) {
    const start = text.indexOf("<", search);
    if (start < 0) break;
    search = start + 1;
    if (text.startsWith("<!--", start) && !lost.has("-->")) {
      const end = text.indexOf("-->", start + 4);
      if (end < 0) lost.add("-->");
      else {
        write(out, text.slice(copied, start));
        copied = search = end + 3;
      }
      continue;
    }
    const tag = readTag(text, start);
    if (!tag) continue;
    const scale = tag.name === "sup" || tag.name === "sub" ? readScale(text, tag) : undefined;
    if (tag.name === "sup" || tag.name === "sub") {
      if (!scale) continue;
      write(out, text.slice(copied, start) + scale.text);
      copied = search = scale.end;
      continue;
    }
    write(out, text.slice(copied, start));
    let end = tag.end;
    const closing = `</${tag.name}`;
    if (droppedWithContent.has(tag.name) && !tag.closes && !lost.has(closing)) {
      const close = indexOfClosing(text, closing, end);
      if (close < 0) lost.add(closing);
      else end = close;
    }
    if (blockElements.has(tag.name)) write(out, blockBreak(text, tag, out));
    else if (tag.closes && (tag.name === "td" || tag.name === "th")) write(out, " ");
    copied = search = end;
  }
  return copied === 0 ? text : tidyLines(out.text + text.slice(copied));
}

function readTag(text: string, start: number): Tag | undefined {
  tagName.lastIndex = start + 1;
  const name = tagName.exec(text);
  if (!name) return text.startsWith("<!DOCTYPE ", start) ? readDoctype(text, start) : undefined;
  if (!isHtmlElement(name[1]!.toLowerCase())) return undefined;
  const piece = text.slice(start, start + longestTag);
  let end = tagName.lastIndex - start;
  for (;;) {
    tagEnd.lastIndex = end;
    if (tagEnd.test(piece)) {
      const closes = name[0].startsWith("/");
      return { name: name[1]!.toLowerCase(), closes, end: start + tagEnd.lastIndex };
    }
    attribute.lastIndex = end;
    if (!attribute.test(piece)) return undefined;
    end = attribute.lastIndex;
  }
}

function readDoctype(text: string, start: number): Tag | undefined {
  const end = text.slice(start, start + longestTag).indexOf(">");
  return end < 0 ? undefined : { name: "html", closes: false, end: start + end + 1 };
}

/** `<sup>2</sup>` as a character, where all of it has one. */
function readScale(text: string, tag: Tag): { text: string; end: number } | undefined {
  const piece = text.slice(tag.end, tag.end + 16);
  const close = piece.indexOf(`</${tag.name}>`);
  if (tag.closes || close < 1) return undefined;
  const table = tag.name === "sup" ? superscripts : subscripts;
  const characters = [...piece.slice(0, close)].map((character) => table.get(character));
  if (characters.includes(undefined)) return undefined;
  return { text: characters.join(""), end: tag.end + close + tag.name.length + 3 };
}

/** Where the closing tag of a script or style ends, or -1. */
function indexOfClosing(text: string, closing: string, from: number): number {
  const lower = new RegExp(`${closing}\\s{0,20}>`, "ig");
  lower.lastIndex = from;
  return lower.test(text) ? lower.lastIndex : -1;
}

function blockBreak(text: string, tag: Tag, before: Output): string {
  if (before.last === "" || before.last === "\n") return "";
  if (tag.name !== "br") return "\n";
  return before.row ? " " : text[tag.end] === "\n" ? "" : "\n";
}

/** What has been written, and the state of its last line, so that it is never read back. */
interface Output {
  text: string;
  /** The last character. */
  last: string;
  /** Whether the last line is blank so far. */
  blank: boolean;
  /** Whether the last line is the row of a table. */
  row: boolean;
}

function write(out: Output, piece: string): void {
  if (piece === "") return;
  out.text += piece;
  out.last = piece.at(-1)!;
  const line = piece.lastIndexOf("\n");
  if (line >= 0) {
    out.blank = true;
    out.row = false;
  }
  const begun = out.blank ? piece.slice(line + 1).trimStart() : "";
  if (begun !== "") {
    out.blank = false;
    out.row = begun.startsWith("|");
  }
}

/** Without the blanks that removed tags left at the ends of lines. */
function tidyLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/**
 * Entities as the characters they stand for. `&lt;` and `&gt;` stay where the result would read as
 * a tag, `&amp;` where it would read as another entity: those texts speak about HTML.
 */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  const decode = (keepBrackets: boolean) =>
    text.replace(entity, (whole, name: string, at: number) => {
      const character = entityCharacter(name);
      if (character === undefined) return whole;
      if (keepBrackets && (character === "<" || character === ">")) return whole;
      if (
        character === "&" &&
        entityRest.test(text.slice(at + whole.length, at + whole.length + 34))
      )
        return whole;
      return character;
    });
  const decoded = decode(false);
  return stripTags(decoded) === decoded ? decoded : decode(true);
}
