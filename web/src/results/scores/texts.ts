import { bothLanguages } from "../../language";

export const scoreTexts = bothLanguages(
  {
    title: "Scores",
    filter: "Search benchmark or subject",
    order: "Order",
    orders: {
      asked: "as asked",
      score: "best score first",
      difference: "largest gain first",
      p: "surest change first",
    },
    noMatch: "No benchmark or subject fits",
    thisModel: "this model",
    base: "Base",
    whiskers: "lines: 95 % intervals",
    benchmark: "Benchmark",
    questions: "Questions",
    score: "Score",
    scoreHint:
      "Share of the questions answered rightly, and its standard error: how far it would move with other questions of the same kind.",
    difference: "Difference",
    differenceHint:
      "Score minus the base's, in percentage points, with its 95 % interval, paired by question. If the interval holds 0, the change may be chance.",
    pHint:
      "How often chance alone would show a change as large: McNemar's test on the questions that flipped, corrected for the number of subjects (Holm). Below 0.05 counts as real.",
    flips: "Flipped",
    flipsHint: "Questions that only this model answers rightly, and those that only the base does.",
    gained: (count: string) => `${count} gained`,
    lost: (count: string) => `${count} lost`,
    subjects: (count: number) => (count === 1 ? "1 subject" : `${count} subjects`),
    interval: (low: string, high: string) => `95 % interval ${low} to ${high}`,
    verdicts: { better: "better", worse: "worse", noise: "may be chance" },
  },
  {
    title: "得分",
    filter: "搜索基准或科目",
    order: "排序",
    orders: {
      asked: "按提问顺序",
      score: "得分从高到低",
      difference: "提升从大到小",
      p: "变化最可信的在前",
    },
    noMatch: "没有符合的基准或科目",
    thisModel: "此模型",
    base: "基座",
    whiskers: "横线：95% 区间",
    benchmark: "基准",
    questions: "题数",
    score: "得分",
    scoreHint: "答对题目的比例及其标准误：换一批同类题目，得分大约会变动多少。",
    difference: "差值",
    differenceHint:
      "得分减去基座得分（百分点）及其 95% 区间，逐题配对。区间包含 0 说明变化可能只是偶然。",
    pHint:
      "仅凭偶然出现这么大变化的概率：对翻转的题目做 McNemar 检验，并按科目数校正（Holm）。低于 0.05 视为真实变化。",
    flips: "翻转",
    flipsHint: "只有此模型答对的题，以及只有基座答对的题。",
    gained: (count: string) => `新对 ${count}`,
    lost: (count: string) => `新错 ${count}`,
    subjects: (count: number) => `${count} 个科目`,
    interval: (low: string, high: string) => `95% 区间 ${low} 至 ${high}`,
    verdicts: { better: "变好", worse: "变差", noise: "可能是偶然" },
  },
);
