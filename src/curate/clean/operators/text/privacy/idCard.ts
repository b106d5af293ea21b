/** `replace_id_card`. */
import { z } from "zod";
import type { Range } from "../scan/urls.js";
import { isBirthDate, isProvince, passesIdChecksum } from "./checksums.js";
import { isQuantity } from "./numberContext.js";
import { privacyOperator } from "./replacement.js";

const candidate = /(?<![A-Za-z0-9_])\d{6}([ -]?)\d{6,8}\1\d{3}[\dXx]?(?![A-Za-z0-9_])/g;

/**
 * Replaces the citizen's numbers of China (GB 11643-1999): 18 characters with a province, a date of
 * birth and the right check character (ISO 7064 MOD 11-2), or 15 digits of the old form, which has no
 * check, with a province and a date.
 */
export const replaceIdCard = privacyOperator({
  name: "replace_id_card",
  summary: "replace Chinese ID card numbers with a valid checksum by a placeholder",
  placeholder: "<ID_CARD>",
  own: {
    old_form: z.boolean().default(true).describe("also the 15-digit numbers issued until 1999"),
  },
  sign: /\d{6}[ -]?\d{6}/,
  finder:
    ({ old_form }) =>
    (text) => {
      const found: Range[] = [];
      for (const match of text.matchAll(candidate)) {
        const start = match.index;
        const end = start + match[0].length;
        const number = match[0].replace(/[ -]/g, "");
        const right =
          number.length === 18 ? isCitizenNumber(number) : old_form && isOldNumber(number);
        if (right && !isQuantity(text, start, end)) found.push({ start, end });
      }
      return found;
    },
});

function isCitizenNumber(number: string): boolean {
  return (
    isProvince(number.slice(0, 2)) && isBirthDate(number.slice(6, 14)) && passesIdChecksum(number)
  );
}

function isOldNumber(number: string): boolean {
  return (
    /^\d{15}$/.test(number) &&
    isProvince(number.slice(0, 2)) &&
    isBirthDate(`19${number.slice(6, 12)}`)
  );
}
