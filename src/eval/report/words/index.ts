/** A report's own words; what models and benchmarks say stays in their language. */
import { chinese } from "./chinese.js";
import { english, type Words } from "./english.js";

export type { Words } from "./english.js";
export type Language = "en" | "zh";

export function wordsOf(language: Language): Words {
  return language === "zh" ? chinese : english;
}
