/** Text on a terminal: how many columns it takes, and how it breaks into lines of a given width. */

const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/** East Asian wide and fullwidth characters, of Unicode's EastAsianWidth.txt in whole blocks. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const invisible = /^[\p{Mark}\p{Format}\p{Control}]+$/u;

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

/** Columns that `text` takes on a terminal; it must hold no control sequences. */
export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` with spaces up to `columns`. */
export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** Characters that do not begin a line, such as a full stop in Chinese text. */
const closing = /^[\p{Close_Punctuation}\p{Final_Punctuation}、。，．：；？！～%,.:;?!]/u;

/** Where a line may break: words with the spaces after them, and each wide character by itself. */
function pieces(paragraph: string): string[] {
  const found: string[] = [];
  let open = false;
  for (const { segment } of graphemes.segment(paragraph)) {
    const isWide = wide.test(segment);
    if ((open && !isWide) || (found.length > 0 && closing.test(segment))) {
      found[found.length - 1] += segment;
    } else {
      found.push(segment);
    }
    open = !isWide && !/\s/.test(segment);
  }
  return found;
}

/** A piece that is wider than a line, cut anywhere. */
function cutPiece(piece: string, columns: number): string[] {
  const parts = [""];
  for (const { segment } of graphemes.segment(piece)) {
    if (textWidth(parts.at(-1)! + segment) > columns && parts.at(-1) !== "") parts.push("");
    parts[parts.length - 1] += segment;
  }
  return parts;
}

/**
 * Breaks text into lines of at most `columns` (2 or more): at spaces, between Chinese or Japanese
 * characters but not before their punctuation, and inside a word only where it fits no line.
 * Line breaks of the text stay; runs of blank lines become one, control characters a space.
 */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.trim().split(/\s*\n\s*/)) {
    let line = "";
    for (const piece of pieces(paragraph.replace(/\p{Control}/gu, " "))) {
      if (textWidth(line + piece.trimEnd()) <= columns) {
        line += piece;
        continue;
      }
      if (line !== "") lines.push(line.trimEnd());
      const parts = cutPiece(piece.trimEnd() === "" ? "" : piece, columns);
      lines.push(...parts.slice(0, -1));
      line = parts.at(-1)!;
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

/** The first `most` lines of the wrapped text; an ellipsis stands for what is left out. */
export function clipText(text: string, columns: number, most: number): string[] {
  const lines = wrapText(text, columns);
  if (lines.length <= most) return lines;
  const kept = Array.from(graphemes.segment(lines[most - 1]!), ({ segment }) => segment);
  while (textWidth(kept.join("")) >= columns) kept.pop();
  return [...lines.slice(0, most - 1), `${kept.join("")}…`];
}
