/** Whether an answer is in another language than its question. */
import { countScripts, eastAsianShare, languageOf, scriptCounts } from "../../text/index.js";

/** Tells the language of text in other scripts than Chinese, Japanese and Korean ones; "" where it is not sure. */
export type DetectLanguage = (text: string) => string;

/**
 * Whether an answer is in another language than its question. A text in Chinese, Japanese or Korean
 * is told from any other by its characters; two others only where the detector is sure of both.
 * Code is not looked at.
 *
 * @returns undefined where it cannot be told
 */
export function isOtherLanguage(
  question: string,
  answer: string,
  detect: DetectLanguage,
): boolean | undefined {
  const [asked, answered] = [question, answer].map((text) => tell(text, detect));
  if (!asked || !answered) return undefined;
  if (asked.isEastAsian || answered.isEastAsian) return asked.language !== answered.language;
  if (asked.language === "und" || answered.language === "und") return undefined;
  return asked.language !== answered.language;
}

/** Fewer letters than this are a name, a number or a formula. */
const FEWEST_LETTERS = 6;

function tell(text: string, detect: DetectLanguage) {
  const prose = text.replace(/```[\s\S]*?(?:```|$)/g, " ").replace(/`[^`\n]*`/g, " ");
  const counts = scriptCounts();
  countScripts(prose, counts);
  const share = eastAsianShare(counts);
  if (share === undefined) return undefined;
  const isEastAsian = share >= 0.5;
  const letters = prose.match(/\p{L}/gu)?.length ?? 0;
  if (!isEastAsian && letters < FEWEST_LETTERS) return undefined;
  return { isEastAsian, language: languageOf(prose, counts, detect) };
}

/** Loads the detector. */
export async function languageDetector(): Promise<DetectLanguage> {
  const { eld } = await import("eld/small");
  return (text) => {
    const found = eld.detect(text);
    return found.isReliable() ? found.language : "";
  };
}
