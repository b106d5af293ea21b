/** `tunewright data clean`: runs rows through a pipeline of named operators. */
import { isUtf8 } from "node:buffer";
import type { Command } from "commander";
import type { CleanOptions, PipelineStep } from "../../curate/clean/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { brokenLink } from "../../util/missingPath.js";
import { abortOnSignals, stoppedExitCode } from "../../util/signals.js";
import { addExamples, printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import { dryRunLines, reportTable } from "./clean/render.js";
import {
  addFormatOptions,
  addKeyOption,
  camelOptions,
  countArgument,
  type FormatFlags,
  sourceOptions,
} from "./options.js";
import { progressLine } from "./progressLine.js";

interface CleanFlags extends FormatFlags {
  out?: string;
  preset?: string;
  config?: string;
  list?: boolean;
  explain?: boolean;
  dryRun?: number;
  threads?: number;
  limit?: number;
  restart?: boolean;
  perplexityModel?: string;
  json?: boolean;
}

const defaultPreset = "chat";

export function registerClean(command: Command): void {
  command
    .description("clean conversations with a pipeline of named operators")
    .argument("[files...]", "data files, folders, 'glob patterns', data sets on the hub, URLs")
    .option("--out <file>", "JSONL file to write")
    .option("--preset <name>", `chat, chat-strict or web (default: ${defaultPreset})`)
    .option("--config <file>", "pipeline as YAML, with the keys preset, operators, without")
    .option("--list", "list all operators with their options, and the presets")
    .option("--explain", "print the pipeline with all its options as YAML");
  addKeyOption(
    command,
    "--dry-run <rows>",
    "write nothing; show the effect on this many rows, spread over the files",
    countArgument,
  );
  addKeyOption(command, "--threads <n>", "worker threads (default: one per core)", countArgument);
  addKeyOption(
    command,
    "--limit <rows>",
    "process only this many rows from the start",
    countArgument,
  );
  command.option("--restart", "start over instead of resuming a stopped run");
  addKeyOption(
    command,
    "--perplexity-model <model>",
    `model for filter_perplexity (default: ${builtinModelName})`,
  );
  addFormatOptions(command);
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data clean moss.jsonl --out clean.jsonl",
    "tunewright data clean moss.jsonl --preset chat-strict --dry-run 200",
    "tunewright data clean moss.jsonl --config clean.yaml --out clean.jsonl --json",
    "tunewright data clean --preset chat --explain > clean.yaml",
  );
  command.action((files: string[]) => clean(files, camelOptions(command.opts<CleanFlags>())));
}

async function clean(files: readonly string[], flags: CleanFlags): Promise<void> {
  const data = await import("../../curate/clean/index.js");
  if (flags.list) {
    const { listedOperators, operatorList } = await import("./clean/list.js");
    if (flags.json) printJson(listedOperators(data.cleanOperators, data.cleanPresets));
    else stdout.write(operatorList(data.cleanOperators, data.cleanPresets));
    return;
  }
  const steps = await pipelineOf(flags);
  if (flags.explain) {
    stdout.write(data.explainPipeline(steps));
    return;
  }
  if (files.length === 0) {
    throw new ConfigError("no data file is given", { todo: "give one or more files" });
  }
  if (flags.dryRun !== undefined) {
    await dryRun(files, flags, steps, flags.dryRun);
    return;
  }
  if (flags.out === undefined) {
    throw new ConfigError("--out is missing", {
      why: "cleaned rows are written to a new file",
      todo: "add --out FILE, or --dry-run ROWS to preview the effect",
    });
  }
  const { out } = flags;
  await withOutput(out, files, () => run(files, flags, steps, out));
}

async function pipelineOf({ preset, config }: CleanFlags): Promise<PipelineStep[]> {
  const { parsePipeline, resolvePipeline } = await import("../../curate/clean/index.js");
  if (config === undefined) return resolvePipeline({ preset: preset ?? defaultPreset }, "--preset");
  if (preset !== undefined) {
    throw new ConfigError("--preset and --config are both given", {
      todo: `write "preset: ${preset}" into ${config} instead of giving --preset`,
    });
  }
  const { readFile } = await import("node:fs/promises");
  const bytes = await readFile(config).catch((cause: Error) => {
    throw new ConfigError(`${config}: cannot be read`, {
      why: brokenLink(config) ?? cause.message,
      todo: "give the path of a YAML or JSON file",
      cause,
    });
  });
  if (!isUtf8(bytes)) {
    throw new ConfigError(`${config}: is not UTF-8`, {
      todo: `convert it, for example with: iconv -f gb18030 -t utf-8 ${config}`,
    });
  }
  return parsePipeline(bytes.toString("utf8"), config);
}

async function run(
  files: readonly string[],
  flags: CleanFlags,
  steps: readonly PipelineStep[],
  out: string,
): Promise<void> {
  const { cleanFiles } = await import("../../curate/clean/index.js");
  const { model, close } = await perplexityModel(steps, flags);
  const { signal, done } = abortOnSignals();
  const progress = progressLine();
  try {
    const { threads, limit, restart } = flags;
    const { report, stopped, resumedRows, paths } = await cleanFiles(files, out, {
      source: sourceOptions(flags),
      steps,
      threads,
      limit,
      restart,
      perplexity: model,
      signal,
      onRows: (rows, total) => progress.show(`${rows} of ${total} rows`),
    });
    progress.clear();
    const say = (line: string) => stderr.write(`${line}\n`);
    if (resumedRows > 0) say(`resumed a stopped run after row ${resumedRows}`);
    if (stopped) {
      say(
        `Stopped after ${report.rows_in} rows; progress is saved. Run the same command to resume.`,
      );
      process.exitCode = stoppedExitCode;
      return;
    }
    if (flags.json) printJson(report);
    else stdout.write(`${reportTable(report)}\n`);
    if (report.rows_rejected > 0) say(`rejected rows, with reasons: ${paths.rejected}`);
    say(`report: ${paths.report}`);
    if (report.rows_out > 0 || report.rows_in === 0) return;
    throw new DataError("no rows are left", {
      why: "the pipeline removed every row",
      todo: `see the reasons in ${paths.rejected}`,
    });
  } finally {
    progress.clear();
    done();
    close();
  }
}

async function dryRun(
  files: readonly string[],
  flags: CleanFlags,
  steps: readonly PipelineStep[],
  rows: number,
): Promise<void> {
  const { dryRunClean } = await import("../../curate/clean/index.js");
  const { model, close } = await perplexityModel(steps, flags);
  try {
    const options = { source: sourceOptions(flags), steps, perplexity: model };
    const { report, rows: affected } = await dryRunClean(files, rows, options);
    if (flags.json) printJson({ ...report, rows: affected });
    else stdout.write(`${dryRunLines(affected)}${reportTable(report)}\n`);
  } finally {
    close();
  }
}

/** Loads a model only if the pipeline needs one. */
async function perplexityModel(
  steps: readonly PipelineStep[],
  flags: CleanFlags,
): Promise<{ model: CleanOptions["perplexity"]; close(): void }> {
  if (!steps.some(({ operator }) => operator === "filter_perplexity")) {
    return { model: undefined, close() {} };
  }
  const { loadScorer } = await import("./clean/perplexity.js");
  const name = flags.perplexityModel ?? builtinModelName;
  const { score, close } = await loadScorer(name);
  return { model: { model: name, score }, close };
}
