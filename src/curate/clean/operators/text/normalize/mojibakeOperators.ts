/** `fix_mojibake` and `filter_mojibake`: repair what is certain, leave out what is not. */
import { z } from "zod";
import { type CleanOperator, textChange, textFilter } from "../../../operator.js";
import { countCharacters } from "../scan/characterClasses.js";
import { repairMojibake, suspiciousCharacters } from "./mojibake.js";

/** Conversations in which wrong characters are what is spoken of. */
const taught =
  /\b(?:mojibake|utf-?8|latin-?1|iso[- ]?8859|windows-125\d|cp125\d|gbk|gb18030|character (?:set|encoding)s?|charset|unicode|replacement character|code ?points?)\b|U\+FFFD|乱码|亂碼|字符集|字符编码|编码格式/i;

const keepWhenTaught = z
  .boolean()
  .default(true)
  .describe("do not touch conversations about encodings and wrong characters");

/** The operator, which leaves conversations alone that speak of encodings. */
function unlessTaught(operator: CleanOperator): CleanOperator {
  return {
    ...operator,
    prepare(given) {
      const run = operator.prepare(given);
      if (!(given as { keep_when_taught: boolean }).keep_when_taught) return run;
      return (row) =>
        row.messages.some(({ content }) => hasNonAscii.test(content) && taught.test(content))
          ? row
          : run(row);
    },
  };
}

const hasNonAscii = /[\x80-\uffff]/;

/**
 * Repairs text that was decoded in the wrong encoding, where the repair is certain (see
 * {@link repairMojibake}). Belongs before `remove_invisible_characters`, which would delete the
 * bytes it needs.
 */
export const fixMojibake = unlessTaught(
  textChange({
    name: "fix_mojibake",
    summary:
      "repair UTF-8 decoded as windows-1252, latin-1 or GBK (also twice), if there is no doubt",
    options: z.strictObject({ keep_when_taught: keepWhenTaught }),
    prepare: () => (text) => (hasNonAscii.test(text) ? repairMojibake(text) : text),
  }),
);

/** Leaves out conversations with text that is lost: mojibake beyond repair, replacement characters. */
export const filterMojibake = unlessTaught(
  textFilter({
    name: "filter_mojibake",
    summary: "remove rows with irreparable mojibake, U+FFFD or 锟斤拷",
    options: z.strictObject({
      maximum: z
        .number()
        .min(0)
        .max(1)
        .default(0.01)
        .describe("maximum fraction of characters that look lost or wrongly decoded"),
      keep_when_taught: keepWhenTaught,
    }),
    prepare:
      ({ maximum }) =>
      (text) => {
        if (!hasNonAscii.test(text)) return null;
        const share = suspiciousCharacters(text) / Math.max(1, countCharacters(text));
        return share > maximum
          ? `wrongly decoded characters ${share.toFixed(3)} > ${maximum}`
          : null;
      },
  }),
);
