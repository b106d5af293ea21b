/** What training data holds of the questions. */
import type { Contamination, TaskContamination } from "../../contamination/index.js";
import type { Estimate } from "../../metrics.js";
import { type Block, details, heading, list, paragraph, quote, table } from "../blocks.js";
import type { ReportFacts } from "../input.js";
import { showCount, showEstimate, showValue } from "../numbers.js";
import type { Words } from "../words/index.js";

/** Questions of a task that are shown, the worst first. */
const MOST = 10;

export function contamination({ contamination: found }: ReportFacts, words: Words): Block[] {
  if (!found) return [];
  return [
    heading(2, words.contamination),
    paragraph(words.contaminationNote(found.rules)),
    ...(found.notes.length > 0 ? [list(found.notes)] : []),
    ...taskTable(found, words),
    ...fileTable(found, words),
    ...found.tasks.filter((task) => task.found.length > 0).map((task) => foundBlock(task, words)),
  ];
}

function taskTable({ tasks }: Contamination, words: Words): Block[] {
  const { columns } = words;
  const number = (title: string) => ({ title, isNumber: true });
  return table(
    words.contamination,
    [
      { title: columns.task },
      number(columns.questions),
      number(columns.clean),
      number(columns.suspicious),
      number(columns.dirty),
      number(columns.untold),
      { title: columns.metric },
      number(columns.onClean),
      number(columns.onDirty),
    ],
    tasks.map(({ task, questions, clean, suspicious, dirty, untold, scores: [score] }) => [
      task,
      showCount(questions),
      showCount(clean),
      showCount(suspicious),
      dirty > 0 ? { text: showCount(dirty), tone: "worse" } : "0",
      showCount(untold),
      score?.metric.replace(/,none$/, "") ?? "–",
      shown(score?.clean),
      shown(score?.dirty),
    ]),
  );
}

function shown(estimate: Estimate | null | undefined): string {
  return estimate ? showEstimate(estimate.value, estimate.stderr) : "–";
}

function fileTable({ files }: Contamination, words: Words): Block[] {
  const { columns } = words;
  return table(
    words.trainingFiles,
    [
      { title: columns.file },
      { title: columns.rows, isNumber: true },
      { title: columns.unreadable, isNumber: true },
    ],
    files.map(({ file, rows, unreadable }) => [file, showCount(rows), showCount(unreadable)]),
  );
}

function foundBlock({ task, found }: TaskContamination, words: Words): Block {
  const blocks = found
    .slice(0, MOST)
    .flatMap(({ docId, share, excerpt, rows, rowCount }) => [
      quote(`${words.flipTitle(task, docId)}${words.comma}${showValue(share)}%`, excerpt),
      ...rows.map((row) =>
        quote(`${row.file}:${row.line}${words.comma}${showValue(row.share)}%`, row.excerpt),
      ),
      ...(rowCount > rows.length ? [paragraph(words.moreRows(rowCount - rows.length))] : []),
    ]);
  return details(words.foundIn(task, Math.min(MOST, found.length), found.length), blocks);
}
