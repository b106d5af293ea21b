/** What the x axis of curves counts. */
import type { RunCurves } from "../../../src/serve/schema";
import { bothLanguages, type Language } from "../language";
import type { Formats } from "../ui";

export type Axis = RunCurves["axis"];

export const axes: readonly Axis[] = ["step", "epoch", "hours", "tokens"];

export const axisTexts = bothLanguages(
  { step: "Steps", epoch: "Epochs", hours: "Hours", tokens: "Tokens" },
  { step: "步数", epoch: "轮次", hours: "小时", tokens: "词元" },
);

const unitTexts = {
  en: { step: "step", epoch: "epoch", hours: "h", tokens: "tokens" },
  zh: { step: "步", epoch: "轮", hours: "小时", tokens: "词元" },
};

/** How places on an axis are written. */
export interface AxisFormat {
  /** What the axis counts. */
  name: string;
  /** Whether it counts whole things. */
  isCount: boolean;
  tick: (x: number) => string;
  /** With its unit: `step 120`, `1.5 h`. */
  place: (x: number) => string;
}

export function axisFormat(axis: Axis, language: Language, formats: Formats): AxisFormat {
  const unit = unitTexts[language][axis];
  const isCount = axis === "step" || axis === "tokens";
  const tick = (x: number) => (isCount ? formats.count(x) : formats.decimal(x, 4));
  const isAhead = language === "en" && (axis === "step" || axis === "epoch");
  return {
    name: axisTexts[language][axis],
    isCount,
    tick,
    place: (x) => (isAhead ? `${unit} ${tick(x)}` : `${tick(x)} ${unit}`),
  };
}
