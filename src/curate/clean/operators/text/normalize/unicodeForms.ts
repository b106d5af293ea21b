/** `normalize_unicode`: canonical composition, and half-width letters and digits on request. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";

/** Below U+0300 nothing composes or decomposes canonically. */
const mayCompose = /[\u0300-\uffff]/;
/**
 * What NFKC would flatten although it carries meaning: Chinese punctuation, superscripts and
 * subscripts, fractions, circled numbers, ellipses.
 */
const keptByCompatibility =
  /([\xa8\xaa\xaf\xb2-\xb4\xb8-\xba\xbc-\xbe\u2025\u2026\u2070-\u209f\u2150-\u218b\u2460-\u24ff\u3000-\u303f\u30fb\u3200-\u33ff\ufe10-\ufe4f\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3b\uff3d\uff5b\uff5d-\uff65]+)/;
const fullWidth =
  /[\uff03-\uff06\uff0a\uff0b\uff0d\uff0f-\uff19\uff1c-\uff1e\uff20-\uff3a\uff3c\uff3e-\uff5a\uff5c]/g;
const fullWidthPoint = /(?<=[0-9])\uff0e(?=[0-9])/g;

/**
 * Puts a text into a Unicode normal form (UAX #15). NFC is safe for every text. NFKC here leaves
 * Chinese punctuation, superscripts, fractions and circled numbers as they are: `x²` and `，` carry
 * meaning that `x2` and `,` do not.
 */
export const normalizeUnicode = textChange({
  name: "normalize_unicode",
  summary:
    "convert to Unicode normal form NFC (or NFKC); optionally full-width letters and digits to half-width",
  options: z.strictObject({
    form: z
      .enum(["NFC", "NFKC"])
      .default("NFC")
      .describe(
        "NFKC also replaces compatibility forms (ﬁ by fi), but not Chinese punctuation or x²",
      ),
    half_width: z
      .boolean()
      .default(false)
      .describe(
        "convert full-width letters, digits and operators to ASCII, but not Chinese punctuation",
      ),
    code: z.boolean().default(false).describe("change code too"),
  }),
  prepare({ form, half_width, code }) {
    const normal = (text: string) => {
      if (!mayCompose.test(text) && form === "NFC") return text;
      const composed = form === "NFC" ? text.normalize("NFC") : foldCompatibility(text);
      return half_width ? toHalfWidth(composed) : composed;
    };
    return (text) => (code ? normal(text) : mapProse(text, normal));
  },
});

function foldCompatibility(text: string): string {
  return text
    .split(keptByCompatibility)
    .map((part, index) => part.normalize(index % 2 === 0 ? "NFKC" : "NFC"))
    .join("")
    .normalize("NFC");
}

function toHalfWidth(text: string): string {
  return text
    .replace(fullWidth, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
    .replace(fullWidthPoint, ".");
}
