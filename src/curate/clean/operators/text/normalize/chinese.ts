/** `convert_chinese`: traditional to simplified Chinese and back, by OpenCC's tables. */
import { createRequire } from "node:module";
import { z } from "zod";
import { type CleanOperator, changeText, rolesOption } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";

const targets = ["simplified", "traditional", "taiwan", "hong_kong"] as const;

const options = z.strictObject({
  to: z.enum(targets).default("simplified").describe("the script to convert to"),
  phrases: z
    .boolean()
    .default(false)
    .describe("also convert regional words (滑鼠 and 鼠标); to simplified: from Taiwan's"),
  code: z.boolean().default(true).describe("convert inside code too (comments and messages)"),
  keep_when_asked: z
    .boolean()
    .default(true)
    .describe("do not change conversations about traditional or simplified Chinese"),
  roles: rolesOption(["system", "user", "assistant", "tool"]),
});

type Options = z.output<typeof options>;
type Convert = (text: string) => string;

const asked =
  /[繁简簡][体體]|正[体體]字|[繁简簡][转轉換换]|[转轉](?:[为為成换換])?[繁简簡](?![单單化便明短要易洁潔])|(?:traditional|simplified) chinese/i;
const sentenceEnd = /(?<=[。！？!?\n])/;
const kanaOrHangul = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const kanaOrHangulOrHan =
  /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Han}]/gu;

/**
 * Converts with OpenCC's character and phrase tables (opencc-js), which are loaded when the first
 * row comes. Sentences with kana or Hangul stay as they are, and whole texts where these are a
 * fifth of the characters: Japanese shares its characters with traditional Chinese.
 */
export const convertChinese: CleanOperator = {
  name: "convert_chinese",
  kind: "change",
  summary: "convert traditional Chinese to simplified or back (OpenCC); Japanese is left alone",
  options,
  prepare(given) {
    const chosen = given as Options;
    let convert: Convert | undefined;
    return (row) => {
      if (chosen.keep_when_asked && row.messages.some(({ content }) => asked.test(content))) {
        return row;
      }
      convert ??= createConvert(chosen);
      const change = guarded(convert);
      return changeText(row, chosen.roles, (text) =>
        chosen.code ? change(text) : mapProse(text, change),
      );
    };
  },
};

/** A conversion that leaves Japanese and Korean alone. */
function guarded(convert: Convert): Convert {
  return (text) => {
    const foreign = count(text, kanaOrHangul);
    if (foreign === 0) return convert(text);
    if (foreign >= 0.2 * count(text, kanaOrHangulOrHan)) return text;
    return text
      .split(sentenceEnd)
      .map((sentence) => (count(sentence, kanaOrHangul) > 1 ? sentence : convert(sentence)))
      .join("");
  };
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function createConvert({ to, phrases }: Options): Convert {
  const require = createRequire(import.meta.url);
  const { Converter } = require("opencc-js") as typeof import("opencc-js");
  if (to === "simplified") {
    const convert = Converter({ from: phrases ? "twp" : "t", to: "cn" });
    return phrases ? convert : onlyWhereNeeded(convert);
  }
  const locale = { traditional: "t", taiwan: "tw", hong_kong: "hk" }[to];
  return Converter({ from: "cn", to: phrases && to !== "traditional" ? `${locale}p` : locale });
}

/** Skips texts without any character that the conversion changes: nearly all simplified text. */
function onlyWhereNeeded(convert: Convert): Convert {
  const changes: string[] = [];
  for (let code = 0x3400; code < 0xfb00; code++) {
    if (code === 0xa000) code = 0xf900;
    const character = String.fromCharCode(code);
    if (convert(character) !== character) changes.push(character);
  }
  const needed = new RegExp(`[${changes.join("")}]`);
  return (text) => (needed.test(text) ? convert(text) : text);
}
