/** `remove_emoji`. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";

const closes = /[\n"'”’）)】》，。！？,.!?]/;
const mayHold = /[\u203c-\u3299\ud83c-\ud83e]|\ufe0f|\u20e3/;
/**
 * Emoji as they are shown: with emoji presentation, a variation selector, a skin tone, joined to
 * others, and flags; keycaps, of which the digit is kept. Signs that are text by default (© ™ ✔ ★ →) are no emoji.
 */
const part = "(?:\\p{Emoji_Presentation}|\\p{Extended_Pictographic}\\ufe0f)\\p{Emoji_Modifier}?";
const emoji = new RegExp(
  `[0-9#*]\\ufe0f?\\u20e3|(?:\\p{RI}{2}|\\u{1f3f4}[\\u{e0020}-\\u{e007f}]{2,7}|${part}(?:\\u200d(?:${part}|\\p{Extended_Pictographic}\\ufe0f?))*\\ufe0f?)+`,
  "gu",
);

/**
 * Removes emoji (UTS #51), and one of two spaces that are left side by side. Qianfan's counterpart
 * is "remove_emoji". Code stays. Not in a preset: emoji carry tone.
 */
export const removeEmoji = textChange({
  name: "remove_emoji",
  summary: "remove emoji, but not text symbols such as ©, ✔ and →",
  options: z.strictObject({}),
  prepare: () => (text) => (mayHold.test(text) ? mapProse(text, withoutEmoji) : text),
});

function withoutEmoji(text: string): string {
  let out = "";
  let copied = 0;
  let last = "\n";
  for (const match of text.matchAll(emoji)) {
    let piece = text.slice(copied, match.index);
    copied = match.index + match[0].length;
    if (match[0].endsWith("\u20e3")) piece += match[0][0];
    else if ((piece.at(-1) ?? last) === " " || (piece.at(-1) ?? last) === "\n") {
      if (text[copied] === " ") copied++;
      else if (piece.endsWith(" ") && (copied === text.length || closes.test(text[copied]!))) {
        piece = piece.slice(0, -1);
      }
    }
    last = piece.at(-1) ?? last;
    out += piece;
  }
  return copied === 0 ? text : out + text.slice(copied);
}
