/** `replace_phone`. */
import { z } from "zod";
import type { Range } from "../scan/urls.js";
import { hasCountryCode } from "./countryCodes.js";
import { isQuantity } from "./numberContext.js";
import { privacyOperator } from "./replacement.js";

/** Anything that may be a number: digits with the marks that are put between their groups; bounded. */
const candidate =
  /(?<![A-Za-z0-9_.])(?:\+|\(|（)?\d(?:[ \-–.()（）\u2010\u2011]{0,2}\d){6,17}(?:(?:-|转|轉|ext\.? ?|x)\d{1,6})?(?![\d_])/g;

/** Mobile numbers of China: 11 digits with a prefix in use, alone or in groups of 3, 4, 4. */
const chineseMobile =
  /^(?:(?:\+|00)?86[ -]?)?1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])(?:\d{8}|([ -])\d{4}\1\d{4})$/;
/** Landlines of China: area code (10, 2x, or 0 and three digits), 7 or 8 digits, an extension. */
const chineseLandline =
  /^(?:(?:(?:\+|00)86[ -]?)?[(（]0?(?:10|2[0-57-9]|[3-9]\d{2})[)）] ?|(?:(?:\+|00)86[ -]?0?|0)(?:10|2[0-57-9]|[3-9]\d{2})[ \-–])[2-9]\d{2,3}[ -]?\d{4}(?:(?:-|转|轉)\d{1,6})?$/;
/** Without the 0 it may as well be two or three numbers in a row. */
const shortLandline =
  /^(?:10|2[0-57-9]|[3-9]\d{2})[ \-–][2-9]\d{2,3}[ -]?\d{4}(?:(?:-|转|轉)\d{1,6})?$/;
const bareLandline = /^0(?:(?:10|2[0-57-9])\d{8}|[3-9]\d{2}\d{7,8})$/;
/** North America: area code and exchange do not begin with 0 or 1; the groups stand apart. */
const northAmerican =
  /^(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-. ]\d{4}(?:(?: ?ext\.? ?|x)\d{1,6})?$/;
/** Numbers kept for fiction: 555 in North America, Ofcom's for drama in Britain, ACMA's in Australia. */
const fictional =
  /^(?:1?(?:555\d{7}|\d{3}55501\d{2}|5550\d{3})|(?:44|0)(?:2079460|1632960|7700900|8081570|1(?:13|14|15|16|17|18|21|31|41|51|61)4960|1914980)\d{3}|(?:61|0)[2378](?:5550|7010)\d{4}|(?:61|0)491570\d{3})$/;
/** China Mobile's own number, which stands in every tutorial, and one digit over and over. */
const tutorial = /^(?:86)?13800138000$|^(?:86)?1[3-9](\d)\1{8}$|^1?(?:1234567890|9876543210)$/;
const serviceNumber = /^(?:\+?86[ -]?)?[48]00[ -]?\d{3,4}[ -]?\d{3,4}$/;
const spokenOf =
  /(?:电话|電話|手机|手機|联系方式|座机|传真|热线|tel|phone|mobile|cell|fax|call|whatsapp)[^\n\d]{0,12}$/i;

/**
 * Replaces telephone numbers: mobile and landline numbers of China (with area codes), numbers of North
 * America in their usual grouping, and any number in international form with a country code in use
 * (ITU-T E.164: 8 to 15 digits). Sums, decimals, versions, amounts and round numbers stay, and so
 * do service numbers (400, 800), and those kept for fiction (555-0123), which belong to no person.
 */
export const replacePhone = privacyOperator({
  name: "replace_phone",
  summary: "replace telephone numbers by a placeholder (China, North America, +country)",
  placeholder: "<PHONE>",
  own: {
    service_numbers: z
      .boolean()
      .default(false)
      .describe("also replace 400 and 800 numbers of companies"),
  },
  sign: /\d(?:[^\p{L}\n]{0,3}\d){6}/u,
  finder:
    ({ service_numbers }) =>
    (text) =>
      findPhones(text, service_numbers),
});

function findPhones(text: string, serviceNumbers: boolean): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(candidate)) {
    let number = match[0];
    let start = match.index;
    if (/^[(（]/.test(number) && !/[)）]/.test(number)) {
      number = number.slice(1);
      start++;
    }
    const before = text.slice(Math.max(0, start - 24), start);
    const end = start + number.length;
    if (isPhone(number, before, serviceNumbers) && !isQuantity(text, start, end)) {
      found.push({ start, end });
    }
  }
  return found;
}

function isPhone(number: string, before: string, serviceNumbers: boolean): boolean {
  if (serviceNumber.test(number)) return serviceNumbers;
  const digits = number.replace(/(?:ext\.? ?|x)\d+$/, "").replace(/\D/g, "");
  if (fictional.test(digits) || tutorial.test(digits)) return false;
  if (northAmerican.test(number)) return true;
  if (/0{5,}$/.test(number) || number.includes(".")) return false;
  if (chineseMobile.test(number) || chineseLandline.test(number)) return true;
  if (bareLandline.test(number) || shortLandline.test(number)) return spokenOf.test(before);
  if (!number.startsWith("+") || /[\d)]\s*$/.test(before)) return false;
  const grouped = digits.length < number.length - 1;
  const enough =
    digits.length >= (grouped || spokenOf.test(before) ? 8 : 10) && digits.length <= 15;
  return enough && hasCountryCode(digits);
}
