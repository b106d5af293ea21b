/** Scores for people: shares as percent, their differences as percentage points. */
import { useMemo } from "react";
import { bothLanguages, useLanguage, useTexts } from "../language";

const texts = bothLanguages({ points: "points" }, { points: "分" });

export interface ScoreFormats {
  /** 45.2% */
  score(value: number | null): string;
  /** +4.0 points */
  points(difference: number | null): string;
  /** −0.5 to +8.5 */
  range(range: readonly [number, number] | null): string;
  /** 0.003, or < 0.001 */
  p(value: number | null): string;
}

const none = "–";

export function useScoreFormats(): ScoreFormats {
  const [language] = useLanguage();
  const t = useTexts(texts);
  return useMemo(() => {
    const locale = language === "zh" ? "zh-CN" : "en-US";
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    const share = new Intl.NumberFormat(locale, { style: "percent", ...digits });
    const signed = new Intl.NumberFormat(locale, { signDisplay: "exceptZero", ...digits });
    const change = (value: number) => signed.format(100 * value).replace("-", "\u2212");
    const small = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
    return {
      score: (value) => (value === null ? none : share.format(value)),
      points: (value) => (value === null ? none : `${change(value)} ${t.points}`),
      range: (range) =>
        range === null ? none : range.map(change).join(language === "zh" ? " 至 " : " to "),
      p: (value) => (value === null ? none : value < 0.001 ? "< 0.001" : small.format(value)),
    };
  }, [language, t]);
}
