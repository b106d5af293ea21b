/** `replace_bank_card`. */
import type { Range } from "../scan/urls.js";
import { passesLuhn } from "./checksums.js";
import { isQuantity } from "./numberContext.js";
import { privacyOperator } from "./replacement.js";

const candidate =
  /(?<![A-Za-z0-9_])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{5})(?![A-Za-z0-9_])/g;

/**
 * Networks by prefix and length: Visa, Mastercard, American Express, UnionPay, JCB, Diners Club,
 * Discover (ISO/IEC 7812 issuer ranges).
 */
const networks =
  /^(?:4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|3[47]\d{13}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|65\d{2}|64[4-9]\d)\d{12})$/;

/** Replaces card numbers: a network's prefix and length, and the right check digit by Luhn. */
export const replaceBankCard = privacyOperator({
  name: "replace_bank_card",
  summary: "replace bank and credit card numbers with a valid check digit by a placeholder",
  placeholder: "<BANK_CARD>",
  own: {},
  sign: /\d{4}[ -]?\d{4}/,
  finder: () => (text) => {
    const found: Range[] = [];
    for (const match of text.matchAll(candidate)) {
      const start = match.index;
      const end = start + match[0].length;
      const digits = match[0].replace(/[ -]/g, "");
      const isCard = networks.test(digits) && !/^(\d)\1+$/.test(digits) && passesLuhn(digits);
      if (isCard && !isQuantity(text, start, end)) found.push({ start, end });
    }
    return found;
  },
});
