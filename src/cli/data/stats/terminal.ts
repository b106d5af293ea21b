/** The report for a terminal of 80 columns. */
import {
  type DuplicatesReport,
  type FileReport,
  type LengthReport,
  languageName,
  noticesOf,
  type PartReport,
  type StatsReport,
  type Words,
} from "../../../curate/stats/index.js";
import { ownTemplateName } from "../../../text/index.js";
import { average, binName, bytes, percent, short, whole } from "../../../util/figures.js";
import { visibleText } from "../../../util/visibleText.js";
import { textWidth, wrapText } from "../../textWidth.js";
import { placeNames } from "./places.js";
import { bar, clipped, clipStart, heading, type Page, pairs, table } from "./terminalPage.js";
import { type ReportLanguage, scriptName, type WordName, wordsOf } from "./words.js";

export interface TerminalOptions {
  language: ReportLanguage;
  color: boolean;
  /** Columns; at least 60. */
  columns: number;
}

/** The lines of a report. */
export function terminalReport(report: StatsReport, options: TerminalOptions): string[] {
  const style = (code: number) => (text: string) =>
    options.color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  const pick = (words: Words) => words[options.language];
  const page: Page = {
    lines: [],
    columns: Math.max(60, options.columns),
    say: (name) => pick(wordsOf(name)),
    pick,
    place: placeNames(report.files),
    bold: style(1),
    dim: style(2),
    bar: style(36),
    warn: style(33),
  };
  const { total } = report;
  overview(page, report);
  notices(page, report);
  if (report.files.length > 1) files(page, report.files);
  roles(page, total);
  histogram(page, "turns", total.turns);
  const { tokens } = total;
  const unit = tokens ? "Tokens" : "Characters";
  const lengths = tokens ?? total.characters;
  histogram(page, `conversation${unit}`, lengths.conversation);
  histogram(page, `question${unit}`, lengths.question);
  histogram(page, `answer${unit}`, lengths.answer);
  languages(page, total);
  truncation(page, report);
  padding(page, report);
  duplicates(page, report.duplicates);
  refused(page, total);
  found(page, report);
  return page.lines;
}

function overview(page: Page, report: StatsReport): void {
  const { total, tokenizer } = report;
  const { say } = page;
  page.lines.push(page.bold(say("overview")));
  const formats = [...new Set(report.files.map(({ format }) => format))].join(", ");
  const rows: [string, string][] = [
    [say("fileCount"), `${whole(report.files.length)} (${formats}), ${bytes(report.bytes)}`],
    [say("rows"), whole(report.rows)],
  ];
  if (!report.sample.exact) rows.push([say("rowsMeasured"), whole(total.rows_measured)]);
  rows.push([
    say("refused"),
    `${whole(total.rows_refused)} (${percent(total.rows_refused / Math.max(1, total.rows_measured))})`,
  ]);
  if (tokenizer) {
    rows.push(
      [say("tokenizer"), tokenizer.name],
      [
        say("template"),
        tokenizer.template === ownTemplateName ? say("ownTemplate") : tokenizer.template,
      ],
      [say("tokensEpoch"), `${report.sample.exact ? "" : "≈ "}${whole(report.tokens_per_epoch!)}`],
      [say("learntShare"), percent(total.labelled_share!)],
    );
  }
  const some: [WordName, number][] = [
    ["withSystem", total.rows_with_system],
    ["withTools", total.rows_with_tools],
    ["mixed", total.mixed_rows],
  ];
  for (const [name, count] of some) if (count > 0) rows.push([say(name), whole(count)]);
  pairs(page, rows);
}

function notices(page: Page, report: StatsReport): void {
  const found = noticesOf(report);
  heading(page, "notices");
  if (found.length === 0) page.lines.push(`  ${page.say("nothing")}`);
  for (const notice of found) {
    const paint = notice.kind === "problem" ? page.warn : (text: string) => text;
    const mark = notice.kind === "problem" ? "!" : "·";
    const text = visibleText(page.pick(notice));
    for (const [index, line] of wrapText(text, page.columns - 4).entries()) {
      page.lines.push(paint(`  ${index === 0 ? mark : " "} ${line}`));
    }
  }
}

function files(page: Page, reports: readonly FileReport[]): void {
  heading(page, "files");
  const head = (["file", "format", "rows", "refused", "size"] as const).map(page.say);
  const name = (file: string) => clipStart(visibleText(file), page.columns - 46);
  table(
    page,
    head,
    reports.map(({ file, format, rows, rows_refused, bytes: size }) => [
      name(file),
      format,
      whole(rows),
      whole(rows_refused),
      bytes(size),
    ]),
  );
}

function roles(page: Page, { roles: numbers }: PartReport): void {
  heading(page, "roles");
  const head = (["role", "messages", "characters", "empty"] as const).map(page.say);
  table(
    page,
    head,
    Object.entries(numbers)
      .filter(([, { messages }]) => messages > 0)
      .map(([role, { messages, characters, empty }]) => [
        role,
        whole(messages),
        whole(characters),
        whole(empty),
      ]),
  );
}

function histogram(page: Page, name: WordName, lengths: LengthReport | null): void {
  if (!lengths) return;
  heading(page, name);
  const { say } = page;
  const quantiles = [
    `${say("median")} ${whole(lengths.p50)}`,
    `p90 ${whole(lengths.p90)}`,
    `p99 ${whole(lengths.p99)}`,
    `${say("longestValue")} ${whole(lengths.max)}`,
    `${say("mean")} ${average(lengths.mean)}`,
  ];
  page.lines.push(page.dim(`  ${quantiles.join("   ")}`));
  const bins = lengths.histogram.map(({ from, to, count }) => ({ name: binName(from, to), count }));
  const most = Math.max(...bins.map(({ count }) => count));
  const nameWidth = Math.max(...bins.map((bin) => textWidth(bin.name)));
  const counts = bins.map(({ count }) => whole(count));
  const countWidth = Math.max(...counts.map(textWidth));
  const room = page.columns - nameWidth - countWidth - 16;
  for (const [index, { name: bin, count }] of bins.entries()) {
    const drawn = bar(count / most, room);
    const blank = " ".repeat(room - textWidth(drawn));
    const share = percent(count / lengths.count).padStart(8);
    page.lines.push(
      `  ${bin.padStart(nameWidth)}  ${page.bar(drawn)}${blank}  ${counts[index]!.padStart(countWidth)}${share}`,
    );
  }
}

function languages(page: Page, total: PartReport): void {
  if (total.languages.length === 0) return;
  heading(page, "languages");
  const good = total.rows_measured - total.rows_refused;
  const names = ["language", "rows", "share", "characters"] as const;
  const tokens = ["perTokenShort", "piecesShort", "unknown"] as const;
  const withTokens = total.languages[0]!.tokens !== null;
  const shown = total.languages.slice(0, 12);
  table(
    page,
    [...names, ...(withTokens ? tokens : [])].map(page.say),
    shown.map((language) => [
      page.pick(languageName(language.language)),
      whole(language.rows),
      percent(language.rows / good),
      short(language.characters),
      ...(withTokens
        ? [
            language.characters_per_token!.toFixed(2),
            percent(language.piece_share!),
            percent(language.unknown_share!),
          ]
        : []),
    ]),
  );
  const rest = total.languages.length - shown.length;
  if (rest > 0) page.lines.push(`  … ${rest} ${page.say("more")}`);
  const all = Object.values(total.scripts).reduce((sum, count) => sum + count, 0);
  const scripts = Object.entries(total.scripts)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 6)
    .map(([script, count]) => `${page.pick(scriptName(script))} ${percent(count / all)}`);
  for (const line of wrapText(`${page.say("scripts")}: ${scripts.join(", ")}`, page.columns - 2)) {
    page.lines.push(page.dim(`  ${line}`));
  }
}

function truncation(page: Page, { total }: StatsReport): void {
  const { tokens, labelled_tokens: labelled } = total;
  if (!total.truncation || !tokens?.conversation) return;
  heading(page, "truncation");
  const good = total.rows_measured - total.rows_refused;
  const { sum } = tokens.conversation;
  table(
    page,
    ["", ...(["rowsCut", "tokensLost", "labelsLost", "noLabelShort"] as const).map(page.say)],
    total.truncation.map((cut) => [
      whole(cut.max_seq_length),
      `${whole(cut.rows_cut)} (${percent(cut.rows_cut / good)})`,
      percent(cut.tokens_lost / sum),
      percent(cut.labelled_tokens_lost / Math.max(1, labelled!)),
      whole(cut.rows_without_label),
    ]),
  );
}

function padding(page: Page, { padding: estimate }: StatsReport): void {
  if (!estimate) return;
  heading(page, "padding");
  page.lines.push(
    page.dim(`  max_seq_length ${estimate.max_seq_length}, batch ${estimate.batch_size}`),
  );
  pairs(page, [
    [page.say("paddedMax"), percent(estimate.padded_to_max_length)],
    [page.say("paddedLongest"), percent(estimate.padded_to_longest)],
    [page.say("bestFit"), percent(estimate.best_fit_rows)],
    [page.say("packed"), percent(estimate.packed)],
  ]);
}

function duplicates(page: Page, report: DuplicatesReport): void {
  heading(page, "duplicates");
  pairs(page, [
    [page.say("exactDuplicates"), percent(report.exact_share)],
    [page.say("nearDuplicates"), percent(report.near_share)],
    [page.say("promptDuplicates"), percent(report.first_prompt_share)],
  ]);
  if (report.near_example.length === 0) return;
  const places = report.near_example.map(page.place).join("  ");
  const largest = `${page.say("largestGroup")}: ${whole(report.near_largest_group)}`;
  clipped(page, `${largest}, ${page.say("example")} ${places}`);
}

function refused(page: Page, total: PartReport): void {
  if (total.rows_refused === 0) return;
  heading(page, "refusedRows");
  for (const { reason, rows, places } of total.refused.slice(0, shownReasons)) {
    for (const line of wrapText(visibleText(`${whole(rows)}  ${reason}`), page.columns - 2)) {
      page.lines.push(`  ${line}`);
    }
    clipped(page, `    ${places.map(page.place).join("  ")}`);
  }
  const rest = total.refused.length - shownReasons;
  if (rest > 0) page.lines.push(`  … ${rest} ${page.say("moreReasons")}`);
}

const shownReasons = 20;

function found(page: Page, report: StatsReport): void {
  const { total } = report;
  for (const name of ["placeholders", "specialTokens"] as const) {
    const list = name === "placeholders" ? total.placeholders : total.special_tokens;
    if (list.length === 0) continue;
    heading(page, name);
    for (const { text, rows, places } of list.slice(0, 10)) {
      clipped(page, `${whole(rows)}  ${text}  ${places.map(page.place).join("  ")}`);
    }
  }
  if (report.first_prompts.length > 0) {
    heading(page, "prompts");
    const least = report.first_prompts_exact ? "" : "≥ ";
    for (const { rows, text } of report.first_prompts) {
      clipped(page, `${least}${whole(rows)}  ${text.replace(/\s+/g, " ")}`);
    }
  }
  if (total.longest.length === 0) return;
  heading(page, "longest");
  for (const row of total.longest.slice(0, 5)) {
    clipped(page, `${whole(row.length).padStart(9)}  ${page.place(row)}`);
  }
}
