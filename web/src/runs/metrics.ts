/** What curves show: names for people, how values are written, and which belong into one chart. */
import type { Curve } from "../../../src/serve/schema";
import { bothLanguages, type Language } from "../language";
import type { Formats } from "../ui";

export type Curves = Readonly<Record<string, Curve>>;

export const metricTexts = bothLanguages(
  {
    loss: "Loss",
    lossHint:
      "How surprised the model is by the answers it should give, a learnt token on average (natural logarithm). Lower is better.",
    evaluationLoss: "Evaluation loss",
    learningRate: "Learning rate",
    learningRateHint: "How far one step moves the weights. It usually warms up and then falls.",
    gradientNorm: "Gradient norm",
    gradientNormHint:
      "How strongly a step pulls at the weights, before it is limited by max_grad_norm. Sudden peaks point at odd rows.",
    throughput: "Throughput",
    throughputHint: "Tokens that go through the model in a second, all of them, learnt or not.",
    memory: "Memory",
    memoryHint: "Memory of the training process, and of the graphics card where there is one.",
    sources: "Loss by source",
    sourcesHint: "The loss of each training file by itself.",
    answers: "Answers to the fixed dialogue",
    answersHint:
      "Shares counted in the answers to sample_dialogue: repeated word runs, repeated answers, answers cut off, and answers in another language than asked.",
    answerLength: "Length of answers",
    answerLengthHint: "Mean tokens of an answer to the fixed dialogue.",
    benchmarks: "Benchmarks",
    benchmarksHint: "Scores of eval_tasks while training, 0 to 1.",
    other: "More",
  },
  {
    loss: "损失",
    lossHint: "模型对应当给出的回答有多“意外”，按每个被学习的词元取平均（自然对数）。越低越好。",
    evaluationLoss: "验证损失",
    learningRate: "学习率",
    learningRateHint: "每一步对权重的改动幅度，通常先预热再下降。",
    gradientNorm: "梯度范数",
    gradientNormHint:
      "每一步对权重的拉动强度（按 max_grad_norm 裁剪之前）。突然的尖峰往往来自异常样本。",
    throughput: "吞吐量",
    throughputHint: "每秒通过模型的词元数，包括不参与学习的词元。",
    memory: "内存",
    memoryHint: "训练进程占用的内存；有显卡时也包括显存。",
    sources: "各数据源损失",
    sourcesHint: "每个训练文件各自的损失。",
    answers: "固定对话的回答",
    answersHint: "对 sample_dialogue 的回答统计：重复片段、重复回答、被截断以及语言不符的比例。",
    answerLength: "回答长度",
    answerLengthHint: "固定对话中每个回答的平均词元数。",
    benchmarks: "基准测试",
    benchmarksHint: "训练过程中 eval_tasks 的得分，0 到 1。",
    other: "其他",
  },
);

export type MetricTexts = (typeof metricTexts)["en"];

/** Charts in order, and which metrics each takes; the last takes one chart for each that is left. */
const panels: readonly {
  name: keyof MetricTexts;
  hint: keyof MetricTexts;
  takes: (metric: string) => boolean;
}[] = [
  { name: "loss", hint: "lossHint", takes: among("train/loss", "eval/loss") },
  { name: "learningRate", hint: "learningRateHint", takes: among("train/learning_rate") },
  { name: "gradientNorm", hint: "gradientNormHint", takes: among("train/grad_norm") },
  { name: "throughput", hint: "throughputHint", takes: among("train/tokens_per_second") },
  { name: "memory", hint: "memoryHint", takes: (metric) => /^train\/\w+_bytes$/.test(metric) },
  {
    name: "sources",
    hint: "sourcesHint",
    takes: (metric) => metric.startsWith("train/source_loss/"),
  },
  { name: "answers", hint: "answersHint", takes: (metric) => /^dialogue\/\w+_rate$/.test(metric) },
  { name: "answerLength", hint: "answerLengthHint", takes: among("dialogue/answer_tokens") },
  {
    name: "benchmarks",
    hint: "benchmarksHint",
    takes: (metric) => /^eval\/.+\/(?!.*_stderr)/.test(metric),
  },
];

function among(...names: string[]): (metric: string) => boolean {
  return (metric) => names.includes(metric);
}

function lossFirst(one: string, other: string): number {
  return Number(other === "train/loss") - Number(one === "train/loss");
}

/** Whether a metric jumps from step to step, so that smoothing shows what it does. */
export function isNoisy(metric: string): boolean {
  return /^train\/(loss|grad_norm|tokens_per_second|source_loss\/.*)$/.test(metric);
}

/** A chart of a run. */
export interface Panel {
  id: string;
  title: string;
  hint: string | null;
  metrics: readonly string[];
  unit: string | null;
}

/** Metrics that say nothing beside the others. */
const needless = new Set(["train/epoch", "train/total_flos"]);

export function panelsOf(
  metrics: readonly string[],
  unitOf: (metric: string) => string | null,
  texts: MetricTexts,
): { main: Panel[]; more: Panel[] } {
  const left = new Set(metrics.filter((metric) => !needless.has(metric)));
  const main = panels.flatMap(({ name, hint, takes }): Panel[] => {
    const taken = [...left].filter(takes).sort(lossFirst);
    for (const metric of taken) left.delete(metric);
    const first = taken[0];
    if (first === undefined) return [];
    return [
      { id: name, title: texts[name], hint: texts[hint], metrics: taken, unit: unitOf(first) },
    ];
  });
  const more = [...left].map((metric) => {
    return {
      id: metric,
      title: shortName(metric),
      hint: null,
      metrics: [metric],
      unit: unitOf(metric),
    };
  });
  return { main, more };
}

/** `train/source_loss/moss.jsonl` → `moss.jsonl` */
export function shortName(metric: string): string {
  return metric
    .replace(/^train\/source_loss\//, "")
    .replace(/^(train|dialogue)\//, "")
    .replaceAll("_", " ");
}

const unitTexts = bothLanguages<Record<string, string>>(
  {},
  {
    "nats per token": "奈特/词元",
    "tokens/s": "词元/秒",
    "conversations/s": "对话/秒",
    tokens: "词元",
  },
);

/** How values of a metric are written. */
export interface ValueFormat {
  /** What stands beside the title; null where each value has its unit, or there is none. */
  unit: string | null;
  /** On an axis, below that title. */
  tick: (value: number | null) => string;
  /** Alone, with its unit. */
  value: (value: number | null) => string;
}

export function valueFormat(
  unit: string | null,
  metric: string,
  formats: Formats,
  language: Language,
): ValueFormat {
  const alone = (write: (value: number) => string): ValueFormat => {
    const value = (given: number | null) => (given === null ? "–" : write(given));
    return { unit: null, tick: value, value };
  };
  if (unit === "bytes") return alone(formats.bytes);
  if (unit === "share") return alone(formats.percent);
  if (unit === "s") return alone(formats.duration);
  if (unit === null)
    return alone(metric === "train/learning_rate" ? formats.rate : formats.decimal);
  const name = unitTexts[language][unit] ?? unit;
  const { tick } = alone(formats.decimal);
  // A loss is a plain number to all who look at it often.
  const isPlain = unit === "nats per token";
  const value = (given: number | null) =>
    given === null || isPlain ? tick(given) : `${tick(given)} ${name}`;
  return { unit: name, tick, value };
}
