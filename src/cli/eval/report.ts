/** `tunewright eval report`: a report from the files of an evaluation. */
import type { Command } from "commander";
import type { Published } from "../../eval/index.js";
import { ConfigError } from "../../util/errors.js";
import { checkOutPlace } from "../../util/outPlace.js";
import { addExamples, printJson } from "../command.js";
import { camelOptions, oneOf } from "../data/options.js";
import { stderr, stdout } from "../output.js";
import { tableLines } from "./table.js";

interface ReportFlags {
  base?: string;
  out?: string;
  language?: string;
  published?: string[];
  json?: boolean;
}

export function registerReport(command: Command): void {
  command
    .description("compare and report what evaluations have left in their directories")
    .argument("<dir>", "directory of an evaluation, as --output of eval names it")
    .option(
      "--base <dir>",
      "evaluation of the model before tuning (default: base in the directory)",
    )
    .option("--out <file>", "write a report: a page.html with charts, or a report.md")
    .option("--language <en|zh>", "language of the report's own words (default: en)")
    .option(
      "--published <name=points>",
      "a published score to stand beside ours, such as mmlu=54.0; can be given several times",
      (text: string, before: string[] = []) => [...before, text],
    )
    .option("--json", "print the comparison as one JSON object on stdout");
  addExamples(
    command,
    "tunewright eval report results/tuned --base results/small --out report.html",
    "tunewright eval report results/tuned --published mmlu=54.0 --language zh --out report.md",
  );
  command.action((folder: string, _: object, self: Command) => report(folder, flagsOf(self)));
}

/** Flags that `eval` has too are found there. @throws ConfigError for those that only `eval` has */
function flagsOf(command: Command): ReportFlags {
  const own = new Set(command.options.map((option) => option.attributeName()));
  const [idle] = Object.keys(command.parent?.opts() ?? {}).filter((name) => !own.has(name));
  if (idle !== undefined) {
    const flag = `--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ConfigError(`${flag} has no effect`, {
      why: "a report is made from an evaluation that is there",
      todo: "leave it out, or evaluate with it first",
    });
  }
  return camelOptions(command.optsWithGlobals()) as ReportFlags;
}

/** Prints scores, with a base both and the verdicts, and writes the report that is asked for. */
async function report(folder: string, flags: ReportFlags): Promise<void> {
  const { base, out, published = [], json } = flags;
  const language = oneOf(flags.language, "--language", ["en", "zh"]);
  if (language !== undefined && out === undefined) {
    throw new ConfigError("--language has no effect", {
      why: "no report is written",
      todo: "add --out report.html",
    });
  }
  const form = out === undefined ? undefined : formOf(out);
  const evaluating = await import("../../eval/index.js");
  const scores: Published[] = published.map(evaluating.parsePublished);
  const read = evaluating.readReportInput(folder);
  const input = {
    ...read,
    ...(base === undefined ? {} : { base: evaluating.readEvaluation(base) }),
    published: scores,
  };
  const comparison = input.base && evaluating.compareEvaluations(input.base, input.evaluation);
  const beside = evaluating.compareWithPublished(input.evaluation, scores);
  if (out !== undefined && form !== undefined) {
    const write = form === "html" ? evaluating.reportPage : evaluating.reportMarkdown;
    await writeReport(out, write(input, { language }));
  }
  if (json) {
    printJson({ comparison: comparison ?? null, published: beside });
    return;
  }
  const both = input.base && comparison && { base: input.base, comparison };
  const lines = tableLines(input.evaluation, both);
  const own = comparison?.groups.filter(({ isOwn }) => isOwn) ?? [];
  const verdicts = (own.length > 0 ? own : (comparison?.tasks ?? [])).map((difference) =>
    evaluating.verdictLine(input.evaluation, difference),
  );
  stdout.write(`${[...lines, ...verdicts].join("\n")}\n`);
}

/** @throws ConfigError for a name that says neither */
function formOf(out: string): "html" | "md" {
  const ending = /\.(html?|md|markdown)$/i.exec(out)?.[1]?.toLowerCase();
  if (ending === undefined) {
    throw new ConfigError(`${out} is not a name for a report`, {
      todo: "end it in .html for a page with charts, or in .md",
    });
  }
  checkOutPlace(out);
  return ending.startsWith("h") ? "html" : "md";
}

async function writeReport(out: string, text: string): Promise<void> {
  const { withOutput } = await import("../outputLock.js");
  const { writeFileAtomic } = await import("../../util/atomicFile.js");
  await withOutput(out, [], async () => writeFileAtomic(out, text));
  stderr.write(`report written to ${out}\n`);
}
