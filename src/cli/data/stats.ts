/** `tunewright data stats`: statistics of training data. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { StatsReport } from "../../curate/stats/index.js";
import { type TemplateVariables, textNotes } from "../../text/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { addExamples, printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import {
  addFixOption,
  addFormatOptions,
  addKeyOption,
  addReasoningOption,
  addSameRoleOption,
  addSpecialTokensOption,
  addTemplateOptions,
  camelOptions,
  countArgument,
  type FormatFlags,
  oneOf,
  reasoningOf,
  sourceOptions,
  specialTokensOption,
} from "./options.js";
import { progressLine } from "./progressLine.js";

interface StatsFlags extends FormatFlags {
  model?: string;
  tokenizer?: string;
  template?: string;
  specialTokensInText?: string;
  chatTemplateKwargs?: TemplateVariables;
  fixAddedTokens?: boolean;
  reasoning?: string;
  /** False for `--no-tokens`. */
  tokens: boolean;
  maxSeqLength?: number;
  batchSize?: number;
  sample?: number | "all";
  seed?: number;
  threads?: number;
  html?: string;
  language?: string;
  color?: boolean;
  json?: boolean;
}

export function registerStats(command: Command): void {
  command
    .description("show statistics of training data")
    .argument("<files...>", "data files, folders, 'glob patterns', data sets on the hub, URLs");
  addKeyOption(
    command,
    "--model <path>",
    `model whose tokenizer is used (default: ${builtinModelName})`,
  );
  addKeyOption(command, "--tokenizer <dir>", "directory of a tokenizer, instead of --model");
  addTemplateOptions(command);
  addFixOption(command);
  addReasoningOption(command);
  addSameRoleOption(command);
  addSpecialTokensOption(command);
  command.option("--no-tokens", "count characters only (faster)");
  addKeyOption(
    command,
    "--max-seq-length <tokens>",
    "also show what would be truncated at this length (besides 512, 1024, 2048, 4096)",
    countArgument,
  );
  addKeyOption(
    command,
    "--batch-size <rows>",
    "conversations per batch, for the estimate of padding (default: 8)",
    countArgument,
  );
  addKeyOption(
    command,
    "--sample <rows|all>",
    "number of rows to measure, spread evenly over the files (default: 20000)",
    (value) => (value === "all" ? value : countArgument(value)),
  );
  addKeyOption(command, "--seed <number>", "random seed of the sample (default: 0)", seedArgument);
  addKeyOption(command, "--threads <number>", "worker threads (default: all cores)", countArgument);
  addFormatOptions(command);
  command.option(
    "--html <file>",
    "also write a report with charts, as a single self-contained file",
  );
  addKeyOption(command, "--language <en|zh>", "language of the report (default: en)");
  command.option("--color", "use colors even if stdout is not a terminal");
  command.option("--no-color", "do not use colors");
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data stats conversations.jsonl",
    "tunewright data stats conversations.jsonl --model ./baichuan-7B --html report.html",
  );
  command.action((files: string[]) => stats(files, camelOptions(command.opts<StatsFlags>())));
}

async function stats(files: readonly string[], flags: StatsFlags): Promise<void> {
  const language = oneOf(flags.language, "--language", ["en", "zh"]) ?? "en";
  const reading = sourceOptions(flags);
  const { collectStats } = await import("../../curate/stats/index.js");
  const text = flags.tokens ? await tokenSettings(flags) : undefined;
  const progress = progressLine();
  let report: StatsReport;
  try {
    report = await collectStats(files, {
      source: reading,
      ...(text === undefined ? {} : { text }),
      maxSeqLength: flags.maxSeqLength,
      batchSize: flags.batchSize,
      sample: flags.sample === "all" ? Number.POSITIVE_INFINITY : flags.sample,
      seed: flags.seed,
      threads: flags.threads ?? availableParallelism(),
      onRows: (rows, total) => progress.show(`${rows} of ${total} rows`),
    });
  } finally {
    progress.clear();
  }
  if (flags.html !== undefined) await writePage(flags.html, report, language);
  if (flags.json) printJson(report);
  else {
    const { terminalReport } = await import("./stats/terminal.js");
    const color = flags.color ?? (stdout.isTTY && !process.env.NO_COLOR);
    const columns = Math.min(120, stdout.isTTY ? stdout.columns : 80);
    const lines = terminalReport(report, { language, color, columns });
    stdout.write(`${lines.join("\n")}\n`);
  }
  if (flags.html !== undefined) stderr.write(`report written to ${flags.html}\n`);
  const { rows_measured: measured, rows_refused: refused } = report.total;
  if (refused === measured) {
    throw new DataError("no row can be trained on", {
      why: `${refused} of ${measured} rows were rejected: ${report.total.refused[0]?.reason}`,
      todo: "see the reasons above; if the wrong format was detected, give it with --format",
    });
  }
}

async function tokenSettings(flags: StatsFlags) {
  const { openTextModel } = await import("./textModel.js");
  const { tokenizer, template, embeddingRows, path } = await openTextModel(flags);
  for (const note of textNotes({ tokenizer, template })) stderr.write(`note: ${note}\n`);
  return {
    path,
    template: flags.template,
    variables: flags.chatTemplateKwargs,
    reasoning: reasoningOf(flags),
    tokenizerOptions: tokenizer.options,
    embeddingRows,
    specialTokensInText: specialTokensOption(flags),
    names: {
      name: tokenizer.name,
      template: template.name,
      vocabulary: tokenizer.vocabSize,
    },
  };
}

/** @throws ConfigError when the file cannot be written */
async function writePage(file: string, report: StatsReport, language: "en" | "zh"): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  const { htmlReport } = await import("./stats/html.js");
  try {
    await writeFile(file, htmlReport(report, language));
  } catch (cause) {
    throw new ConfigError(`${file} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "give another file with --html",
      cause,
    });
  }
}

function seedArgument(value: string): number {
  return value === "0" ? 0 : countArgument(value);
}
