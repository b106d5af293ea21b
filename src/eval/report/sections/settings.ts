/** All that is needed to repeat the evaluation. */
import { type Block, heading, table } from "../blocks.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { taskNames } from "../scores.js";
import type { Words } from "../words/index.js";

export function settings({ evaluation, base }: ReportFacts, words: Words): Block[] {
  const { columns } = words;
  return [
    heading(2, words.settings),
    ...(base ? settingTable(base, words.settingsOf(words.base), words) : []),
    ...settingTable(evaluation, base ? words.settingsOf(words.tuned) : words.settings, words),
    ...table(
      words.tasksTable,
      [
        { title: columns.task },
        { title: columns.protocol },
        { title: columns.version, isNumber: true },
        { title: columns.shots, isNumber: true },
        { title: columns.questions, isNumber: true },
      ],
      taskNames(evaluation).map((name) => [
        name,
        evaluation.results[name]!.protocol ?? "–",
        String(evaluation.versions[name] ?? "–"),
        String(evaluation["n-shot"][name] ?? "–"),
        String(evaluation["n-samples"][name]?.effective ?? "–"),
      ]),
    ),
  ];
}

function settingTable(evaluation: ReportedEvaluation, caption: string, words: Words): Block[] {
  const { config = {}, date, total_evaluation_time_seconds: seconds } = evaluation;
  const rows = Object.entries(config).map(([name, value]) => [name, shown(value)]);
  if (typeof date === "number") rows.push([words.date, new Date(date * 1000).toISOString()]);
  if (seconds !== undefined) rows.push([words.seconds, Number(seconds).toFixed(1)]);
  return table(caption, [{ title: words.columns.setting }, { title: words.columns.value }], rows);
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
