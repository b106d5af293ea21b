/** `fix_mojibake` and `filter_mojibake`: repair what is certain, leave out what is not. */
import { z } from "zod";
import { textChange, textFilter } from "../../../operator.js";
import { countCharacters } from "../scan/characterClasses.js";
import { repairMojibake, suspiciousCharacters } from "./mojibake.js";

/**
 * Repairs text that was decoded in the wrong encoding, where the repair is certain (see
 * {@link repairMojibake}). Belongs before `remove_invisible_characters`, which would delete the
 * bytes it needs.
 */
export const fixMojibake = textChange({
  name: "fix_mojibake",
  summary:
    "repair UTF-8 decoded as windows-1252, latin-1 or GBK (also twice), if there is no doubt",
  options: z.strictObject({}),
  prepare: () => (text) => (hasNonAscii.test(text) ? repairMojibake(text) : text),
});

const hasNonAscii = /[\x80-\uffff]/;

/** Leaves out conversations with text that is lost: mojibake beyond repair, replacement characters. */
export const filterMojibake = textFilter({
  name: "filter_mojibake",
  summary: "remove rows with irreparable mojibake, U+FFFD or 锟斤拷",
  options: z.strictObject({
    maximum: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe("maximum fraction of characters that look lost or wrongly decoded"),
  }),
  prepare:
    ({ maximum }) =>
    (text) => {
      if (!hasNonAscii.test(text)) return null;
      const share = suspiciousCharacters(text) / Math.max(1, countCharacters(text));
      return share > maximum ? `wrongly decoded characters ${share.toFixed(3)} > ${maximum}` : null;
    },
});
