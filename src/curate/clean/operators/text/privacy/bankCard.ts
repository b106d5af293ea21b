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

/** Numbers that payment services give for tests; those of three different digits or fewer are too. */
const ofTests = new Set(
  [
    "378282246310005 371449635398431 378734493671000 5610591081018250 30569309025904 38520000023237",
    "6011111111111117 6011000990139424 6011981111111113 3530111333300000 3566002020360505",
    "4012888888881881 4000056655665556 5200828282828210 5424000000000015 2223003122003222",
    "6200000000000005 6205500000000000004 4532015112830366 4539148803436467 4539578763621486",
    "4485275742308327 4263982640269299 4917484589897107 4001919257537193",
    "4007702835532454 5425233430109903 2222420000001113 374245455400126 4917610000000000",
    "4000002500003155 4000002760003184 4000000000009995 4000000000000002 4000000000003220",
  ].flatMap((line) => line.split(" ")),
);

const isOfTests = (digits: string) => ofTests.has(digits) || new Set(digits).size <= 3;

/**
 * Replaces card numbers: a network's prefix and length, and the right check digit by Luhn. The numbers that
 * payment services publish for tests (4242 4242 4242 4242) stay.
 */
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
      const isCard = networks.test(digits) && !isOfTests(digits) && passesLuhn(digits);
      if (isCard && !isQuantity(text, start, end)) found.push({ start, end });
    }
    return found;
  },
});
