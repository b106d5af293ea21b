/** Why two tools give one model different scores, with what held here. */
import { type Block, heading, list, paragraph } from "../blocks.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { showValue } from "../numbers.js";
import { taskNames, topNames } from "../scores.js";
import type { Words } from "../words/index.js";

type Reason = keyof Words["reasons"];

export function reading({ evaluation }: ReportFacts, words: Words): Block[] {
  const here: Partial<Record<Reason, string>> = {
    protocol: uniqueOf(taskNames(evaluation).map((name) => evaluation.results[name]!.protocol)),
    shots: shotsOf(evaluation),
    average: averagesOf(evaluation, words),
    template: templateOf(evaluation, words),
    dtype: dtypeOf(evaluation),
    limit: limitOf(evaluation),
  };
  const reasons = Object.entries(words.reasons) as [Reason, string][];
  return [
    heading(2, words.reading),
    paragraph(words.readingIntro),
    list(reasons.map(([reason, text]) => text + (here[reason] ? words.here(here[reason]) : ""))),
  ];
}

function uniqueOf(values: readonly unknown[]): string {
  return [...new Set(values.filter((value) => value !== undefined).map(String))].join(", ");
}

function shotsOf(evaluation: ReportedEvaluation): string {
  const counts = uniqueOf(taskNames(evaluation).map((name) => evaluation["n-shot"][name]));
  const seed = evaluation.config?.fewshot_seed;
  return typeof seed === "number" ? `${counts}; seed ${seed}` : counts;
}

function averagesOf(evaluation: ReportedEvaluation, { columns }: Words): string {
  const pairs = topNames(evaluation).flatMap((name) => {
    const entry = evaluation.results[name]!;
    const key = Object.keys(entry).find((one) => /_micro,/.test(one));
    const [micro, macro] = [entry[key ?? ""], entry[key?.replace("_micro,", "_macro,") ?? ""]];
    if (typeof micro !== "number" || typeof macro !== "number") return [];
    return [`${name} ${columns.micro} ${showValue(micro)}, ${columns.macro} ${showValue(macro)}`];
  });
  return pairs.join("; ");
}

function templateOf({ chat_template, config }: ReportedEvaluation, words: Words): string {
  if (typeof chat_template === "string") return chat_template;
  return chat_template === null || config?.apply_chat_template === false
    ? words.none
    : words.unknown;
}

function dtypeOf({ config }: ReportedEvaluation): string {
  return uniqueOf([config?.model_dtype ?? config?.dtype ?? undefined]);
}

function limitOf(evaluation: ReportedEvaluation): string {
  const counts = taskNames(evaluation).map((name) => evaluation["n-samples"][name]);
  const asked = counts.reduce((sum, count) => sum + (count?.effective ?? 0), 0);
  const all = counts.reduce((sum, count) => sum + (count?.original ?? 0), 0);
  return `${asked} / ${all}`;
}
