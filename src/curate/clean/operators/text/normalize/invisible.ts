/** `remove_invisible_characters`: controls, zero-width characters and other things no reader sees. */
import { z } from "zod";
import { textChange } from "../../../operator.js";

/** Everything the operator may touch; most texts hold none of it and return at once. */
const candidates =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|[\ufe00-\ufe0f\ufff0-\uffff]|\u034f|\u17b4|\u17b5/u;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const emojiPart = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u;
const takesVariant = /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Mongolian}\p{S}\p{P}0-9]/u;
const zeroWidthJoiner = 0x200d;
const zeroWidthSpace = 0x200b;
const blackFlag = 0x1f3f4;

interface Choices {
  bidirectional: boolean;
  private_use: boolean;
  replacement_characters: boolean;
}

/**
 * Removes control characters (all but line feed and tab), zero-width characters, byte-order marks,
 * soft hyphens, bidirectional controls, private use, noncharacters and unpaired surrogates.
 * Line ends of every kind become a line feed. Kept: joiners inside emoji and in scripts that
 * need them (Arabic, the scripts of India), zero-width spaces between words of Thai and Khmer, variation selectors behind what they vary, flags of tag
 * characters, direction marks in texts of a right-to-left script.
 *
 * After "remove_invisible_character" of Baidu's Qianfan, which names ASCII 0-32 and 127-160: taken
 * literally that deletes line feeds and spaces.
 */
export const removeInvisibleCharacters = textChange({
  name: "remove_invisible_characters",
  summary:
    "remove control, zero-width and private-use characters, byte-order marks, lone surrogates",
  options: z.strictObject({
    bidirectional: z
      .boolean()
      .default(true)
      .describe("also remove direction controls (never in texts in a right-to-left script)"),
    private_use: z.boolean().default(true).describe("also remove private-use characters"),
    replacement_characters: z
      .boolean()
      .default(false)
      .describe(
        "also remove U+FFFD; since it marks lost text, filter_mojibake is the better choice",
      ),
  }),
  prepare: (options) => (text) => (candidates.test(text) ? removeInvisible(text, options) : text),
});

function removeInvisible(text: string, options: Choices): string {
  const choices = { ...options, bidirectional: options.bidirectional && !rightToLeft.test(text) };
  let out = "";
  let copied = 0;
  let previous = 0;
  let inTagFlag = false;
  for (let index = 0; index < text.length; ) {
    const codePoint = text.codePointAt(index)!;
    const next = index + (codePoint > 0xffff ? 2 : 1);
    const isTag = codePoint >= 0xe0020 && codePoint <= 0xe007f;
    let replacement: string | undefined;
    if (isTag && inTagFlag) replacement = undefined;
    else if (codePoint === 0x0d) replacement = text.charCodeAt(next) === 0x0a ? "" : "\n";
    else if (codePoint < 0x7f && codePoint >= 0x20) replacement = undefined;
    else if (codePoint === zeroWidthJoiner || codePoint === 0x200c) {
      replacement = joins(previous, codePoint, text.codePointAt(next) ?? 0) ? undefined : "";
    } else if (isVariationSelector(codePoint)) {
      replacement = takesVariant.test(String.fromCodePoint(previous)) ? undefined : "";
    } else if (codePoint === zeroWidthSpace) {
      replacement = endsWord(previous) && endsWord(text.codePointAt(next) ?? 0) ? undefined : "";
    } else replacement = replacementOf(codePoint, choices);
    if (replacement === undefined) {
      previous = codePoint;
      inTagFlag = codePoint === blackFlag || (isTag && inTagFlag);
    } else {
      out += text.slice(copied, index) + replacement;
      copied = next;
    }
    index = next;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** What stands for a code point, or undefined where it stays. */
function replacementOf(codePoint: number, choices: Choices): string | undefined {
  if (codePoint === 0x09 || codePoint === 0x0a) return undefined;
  if (codePoint === 0x0b || codePoint === 0x0c || codePoint === 0x85) return "\n";
  if (codePoint === 0x2028 || codePoint === 0x2029) return "\n";
  if (codePoint < 0x20 || (codePoint >= 0x7f && codePoint < 0xa0)) return "";
  if (codePoint >= 0xd800 && codePoint < 0xe000) return "";
  if (isPrivate(codePoint)) return choices.private_use ? "" : undefined;
  if (isDirection(codePoint)) return choices.bidirectional ? "" : undefined;
  if (codePoint === 0xfffd) return choices.replacement_characters ? "" : undefined;
  return isZeroWidth(codePoint) || isNoncharacter(codePoint) ? "" : undefined;
}

/** Thai, Lao, Myanmar and Khmer: there a zero-width space is where a word may end. */
function endsWord(codePoint: number): boolean {
  return (
    (codePoint >= 0x0e00 && codePoint < 0x0f00) ||
    (codePoint >= 0x1000 && codePoint < 0x10a0) ||
    (codePoint >= 0x1780 && codePoint < 0x1800)
  );
}

/** Whether a joiner or non-joiner has work to do between two code points. */
function joins(before: number, joiner: number, after: number): boolean {
  const complexScript =
    (before >= 0x0600 && before < 0x1100) || (before >= 0x1780 && before < 0x18b0);
  if (complexScript) return true;
  if (joiner !== zeroWidthJoiner || before === 0 || after === 0) return false;
  return (
    emojiPart.test(String.fromCodePoint(before)) && emojiPart.test(String.fromCodePoint(after))
  );
}

function isVariationSelector(codePoint: number): boolean {
  return (
    (codePoint >= 0xfe00 && codePoint <= 0xfe0f) || (codePoint >= 0xe0100 && codePoint <= 0xe01ef)
  );
}

function isPrivate(codePoint: number): boolean {
  return (codePoint >= 0xe000 && codePoint <= 0xf8ff) || codePoint >= 0xf0000;
}

function isDirection(codePoint: number): boolean {
  return (
    codePoint === 0x061c ||
    codePoint === 0x200e ||
    codePoint === 0x200f ||
    (codePoint >= 0x202a && codePoint <= 0x202e) ||
    (codePoint >= 0x2066 && codePoint <= 0x2069)
  );
}

function isNoncharacter(codePoint: number): boolean {
  return (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe;
}

/** Characters without width or shape: fillers, word joiners, soft hyphens, annotation marks, tags. */
function isZeroWidth(codePoint: number): boolean {
  return (
    [0xad, 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x200b, 0x3164, 0xfeff, 0xffa0].includes(
      codePoint,
    ) ||
    (codePoint >= 0x2060 && codePoint <= 0x206f) ||
    (codePoint >= 0xfff0 && codePoint <= 0xfffb) ||
    (codePoint >= 0xe0000 && codePoint <= 0xe007f)
  );
}
