/** Scores for people: shares as percent, their differences as percentage points, other measures as numbers. */
import { useMemo } from "react";
import type { ResultRow } from "../../../src/serve/schema";
import { bothLanguages, useLanguage, useTexts } from "../language";

const texts = bothLanguages({ points: "points" }, { points: "分" });

type IsShare = Pick<ResultRow, "is_share">;

export interface ScoreFormats {
  /** 45.2% */
  score(value: number | null): string;
  /** +4.0 points */
  points(difference: number | null): string;
  /** How a line's scores are written: 45.2%, or 123.4 */
  scoreOf(row: IsShare): (value: number | null) => string;
  /** Its differences: +4.0 points, or +12.3 */
  changeOf(row: IsShare): (difference: number | null) => string;
  /** −0.5 to +8.5 */
  rangeOf(row: IsShare): (range: readonly [number, number]) => string;
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
    const plain = new Intl.NumberFormat(locale, digits);
    const signed = new Intl.NumberFormat(locale, { signDisplay: "exceptZero", ...digits });
    const small = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
    const change = (value: number) => signed.format(value).replace("-", "\u2212");
    const orNone = (format: (value: number) => string) => (value: number | null) =>
      value === null ? none : format(value);
    const score = orNone((value) => share.format(value));
    const points = orNone((value) => `${change(100 * value)} ${t.points}`);
    return {
      score,
      points,
      scoreOf: ({ is_share }) => (is_share ? score : orNone((value) => plain.format(value))),
      changeOf: ({ is_share }) => (is_share ? points : orNone(change)),
      rangeOf:
        ({ is_share }) =>
        (range) =>
          range
            .map((end) => change(is_share ? 100 * end : end))
            .join(language === "zh" ? " 至 " : " to "),
      p: orNone((value) => (value < 0.001 ? "< 0.001" : small.format(value))),
    };
  }, [language, t]);
}
