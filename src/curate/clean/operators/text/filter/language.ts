/** `filter_language`: by script where the script tells, by an n-gram model where it does not. */
import { z } from "zod";
import { type CleanOperator, conversationText, rolesOption } from "../../../operator.js";
import { countClasses } from "../scan/characterClasses.js";
import { proseOnly } from "../scan/codeSpans.js";
import { findUrls } from "../scan/urls.js";
import { below } from "./reasons.js";

const options = z.strictObject({
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/))
    .min(1)
    .default(["zh", "en"])
    .describe("languages to keep, as ISO 639-1 codes"),
  minimum: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      "minimum fraction of the text in these languages; a Chinese character counts as 3 letters",
    ),
  minimum_length: z
    .int()
    .min(0)
    .default(40)
    .describe(
      "texts with fewer letters (a Chinese character counts as 3) are kept: too short to tell",
    ),
  roles: rolesOption(["user", "assistant"]),
});

type Options = z.output<typeof options>;

/** What ELD gives for a text. */
interface Detector {
  detect(text: string): { language: string; isReliable(): boolean };
}

/** How many letters a character of a script without spaces weighs. */
const weight = 3;

/**
 * Leaves out conversations in other languages. Han characters are Chinese unless kana are a
 * third of the text, kana are Japanese, Hangul Korean; letters of the other scripts go to ELD
 * (https://github.com/nitotm/efficient-language-detector-js), and count as wanted where it is not
 * sure. Code and addresses are not counted. data-juicer's "language_id_score_filter" takes one
 * language for the whole text (score at least 0.8), which mixed Chinese and English fails.
 */
export const filterLanguage: CleanOperator = {
  name: "filter_language",
  kind: "filter",
  summary: "remove rows in other languages; mixed and short texts are kept",
  options,
  prepare(given) {
    const chosen = given as Options;
    let detector: Promise<Detector> | undefined;
    return async (row) => {
      const text = withoutUrls(proseOnly(conversationText(row, chosen.roles)));
      const counts = countClasses(text);
      const others = counts.letters - counts.han - counts.kana - counts.hangul;
      const shares = new Map<string, number>();
      const add = (language: string, letters: number) =>
        shares.set(language, (shares.get(language) ?? 0) + letters);
      const japanese = counts.kana > 0.3 * (counts.han + counts.kana);
      add(japanese ? "ja" : "zh", weight * counts.han);
      add("ja", weight * counts.kana);
      add("ko", weight * counts.hangul);
      const total = others + weight * (counts.han + counts.kana + counts.hangul);
      if (total < chosen.minimum_length) return row;
      if (others > 0) {
        detector ??= loadDetector();
        const languages = others < 20 ? [undefined] : detect(await detector, text);
        for (const language of languages) {
          add(language ?? chosen.languages[0]!, others / languages.length);
        }
      }
      let wanted = 0;
      for (const language of chosen.languages) wanted += shares.get(language) ?? 0;
      const reason = below(
        `share of ${chosen.languages.join(", ")}`,
        wanted / total,
        chosen.minimum,
      );
      if (reason === null) return row;
      const [main] = [...shares].reduce((left, right) => (right[1] > left[1] ? right : left));
      return { reason: `${reason} (mostly ${main})` };
    };
  },
};

async function loadDetector(): Promise<Detector> {
  const { eld } = await import("eld/small");
  return eld;
}

const scriptsThatTell =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]+/gu;
/** ELD looks at the first thousand bytes only; it is given that much from three places. */
const sampleLength = 400;

/**
 * The languages of what is neither Chinese, Japanese nor Korean, at one to three places; undefined
 * where ELD is not sure.
 */
function detect(detector: Detector, text: string): (string | undefined)[] {
  const rest = text.replace(scriptsThatTell, " ").replace(/\s+/g, " ").trim();
  const places = Math.min(3, Math.ceil(rest.length / sampleLength));
  return Array.from({ length: places }, (_, place) => {
    const start = Math.floor((rest.length * place) / places);
    const result = detector.detect(rest.slice(start, start + sampleLength));
    return result.isReliable() && result.language !== "" ? result.language : undefined;
  });
}

function withoutUrls(text: string): string {
  let out = "";
  let copied = 0;
  for (const { start, end } of findUrls(text)) {
    out += `${text.slice(copied, start)} `;
    copied = end;
  }
  return copied === 0 ? text : out + text.slice(copied);
}
