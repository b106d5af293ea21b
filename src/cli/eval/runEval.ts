/** Evaluates as the flags say, keeps what comes, and prints the scores. */
import { join } from "node:path";
import {
  downloadBenchmarks,
  openTasks,
  type Published,
  parsePublished,
  type ReportInput,
  readReportInput,
  readTaskFile,
  reportMarkdown,
  reportPage,
} from "../../eval/index.js";
import { clearEvaluation, type EvaluationFolder, finishedResults } from "../../eval/store/index.js";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import { contaminationLines, lookForQuestions } from "./contamination.js";
import { evaluateModels, type Outcome } from "./evaluateModels.js";
import { type Asked, askedOf, type EvalFlags, modelNameOf, seedsOf } from "./flags.js";
import { goingOnFrom, prepareFolder } from "./keptAnswers.js";
import { chooseModel, identityOf, type ModelChoice } from "./model.js";
import { isTaskFile, type Job, type KnownModel, settingsOf } from "./settings.js";
import { outcomeLines, summaryObject } from "./summary.js";

/** @throws ConfigError, DataError, FormatError; Interrupted where a signal came */
export async function runEval(flags: EvalFlags): Promise<void> {
  if (flags.submission !== undefined) {
    const { runSubmission } = await import("./submission.js");
    return runSubmission(flags, flags.submission);
  }
  if (flags.contamination && flags.model === undefined)
    return searchAlone(flags, flags.contamination);
  const published = (flags.published ?? []).map(parsePublished);
  const job = await readJob(flags);
  const { output } = flags;
  const input =
    output === undefined
      ? await inputOf(job, await evaluateModels(job), published)
      : await withOutput(output, [], () => evaluateInto(output, job, published), "--output");
  if (flags.json) printJson(summaryObject(input));
  else stdout.write(`${outcomeLines(input).join("\n")}\n`);
}

/** Reads what the flags name; what is not there shows before a model is loaded. */
async function readJob(flags: EvalFlags): Promise<Job> {
  const asked = await findData(flags);
  const choice = chooseModel(modelNameOf(flags), flags.adapter, flags);
  const base = flags.base === undefined ? undefined : chooseModel(flags.base, undefined, flags);
  openTasks(asked);
  return {
    flags,
    asked,
    model: await knownModel(choice),
    ...(base && { base: await knownModel(base) }),
    seeds: seedsOf(flags),
  };
}

/** Tasks and their files; downloads what no directory is given for. */
async function findData(flags: EvalFlags): Promise<Asked> {
  const named = await withTaskFiles(askedOf(flags));
  return { ...named, dataDir: named.dataDir ?? (await downloadBenchmarks(named)) };
}

async function knownModel(choice: ModelChoice): Promise<KnownModel> {
  return { choice, identity: await identityOf(choice) };
}

/** Tasks that are described by files go by their names from here on. */
async function withTaskFiles(asked: Asked): Promise<Asked> {
  const own = await Promise.all(asked.tasks.filter(isTaskFile).map(readTaskFile));
  if (own.length === 0) return asked;
  const names = asked.tasks.filter((name) => !isTaskFile(name));
  return { ...asked, tasks: [...names, ...own.map(({ name }) => name)], benchmarks: own };
}

/** Searches training data without evaluating a model. */
async function searchAlone(flags: EvalFlags, files: readonly string[]): Promise<void> {
  const found = await lookForQuestions(await findData(flags), files);
  if (flags.json) printJson({ contamination: found });
  else stdout.write(`${contaminationLines(found).join("\n")}\n`);
}

async function inputOf(
  job: Job,
  { runs, base }: Outcome,
  published: readonly Published[],
): Promise<ReportInput> {
  const { evaluation } = runs[0]!;
  const input = { evaluation, base, seeds: runs.length > 1 ? runs : undefined, published };
  return withContamination(job, input);
}

async function withContamination(
  { asked, flags }: Pick<Job, "asked" | "flags">,
  input: ReportInput,
): Promise<ReportInput> {
  const { contamination: files } = flags;
  if (!files) return input;
  const { samples } = input.evaluation;
  return { ...input, contamination: await lookForQuestions(asked, files, samples) };
}

async function evaluateInto(
  output: string,
  job: Job,
  published: readonly Published[],
): Promise<ReportInput> {
  if (job.flags.overwrite) clearEvaluation(output);
  if (finishedResults(output, settingsOf(job))) {
    stderr.write(`${output} holds this evaluation already; --overwrite does it again\n`);
    return withContamination(job, { ...readReportInput(output), published });
  }
  return goingOnFrom(output, async () => {
    const folder = prepareFolder(output, job);
    try {
      const input = await inputOf(job, await evaluateModels(job, folder), published);
      writeWhole(folder, output, input);
      return input;
    } finally {
      folder.close();
    }
  });
}

/** The reports, and results.json as the last, which ends the evaluation. */
function writeWhole(folder: EvaluationFolder, output: string, input: ReportInput): void {
  if (input.seeds) {
    for (const [task, samples] of Object.entries(input.evaluation.samples)) {
      folder.writeSamples("", task, samples);
    }
  }
  writeFileAtomic(join(output, "report.html"), reportPage(input));
  writeFileAtomic(join(output, "report.md"), reportMarkdown(input));
  folder.finish(summaryObject(input));
}
