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
import { evaluateModels, type Outcome } from "./evaluateModels.js";
import { askedOf, type EvalFlags, modelNameOf, seedsOf } from "./flags.js";
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
  const published = (flags.published ?? []).map(parsePublished);
  const job = await readJob(flags);
  const { output } = flags;
  const input =
    output === undefined
      ? inputOf(await evaluateModels(job), published)
      : await withOutput(output, [], () => evaluateInto(output, job, published), "--output");
  if (flags.json) printJson(summaryObject(input));
  else stdout.write(`${outcomeLines(input).join("\n")}\n`);
}

/** Reads what the flags name; what is not there shows before a model is loaded. */
async function readJob(flags: EvalFlags): Promise<Job> {
  const named = await withTaskFiles(askedOf(flags));
  const dataDir = named.dataDir ?? (await downloadBenchmarks(named));
  const asked = { ...named, dataDir };
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

async function knownModel(choice: ModelChoice): Promise<KnownModel> {
  return { choice, identity: await identityOf(choice) };
}

/** Tasks that are described by files go by their names from here on. */
async function withTaskFiles(asked: Job["asked"]): Promise<Job["asked"]> {
  const own = await Promise.all(asked.tasks.filter(isTaskFile).map(readTaskFile));
  if (own.length === 0) return asked;
  const names = asked.tasks.filter((name) => !isTaskFile(name));
  return { ...asked, tasks: [...names, ...own.map(({ name }) => name)], benchmarks: own };
}

function inputOf({ runs, base }: Outcome, published: readonly Published[]): ReportInput {
  return {
    evaluation: runs[0]!.evaluation,
    base,
    seeds: runs.length > 1 ? runs : undefined,
    published,
  };
}

async function evaluateInto(
  output: string,
  job: Job,
  published: readonly Published[],
): Promise<ReportInput> {
  if (job.flags.overwrite) clearEvaluation(output);
  if (finishedResults(output, settingsOf(job))) {
    stderr.write(`${output} holds this evaluation already; --overwrite does it again\n`);
    return { ...readReportInput(output), published };
  }
  return goingOnFrom(output, async () => {
    const folder = prepareFolder(output, job);
    try {
      const input = inputOf(await evaluateModels(job, folder), published);
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
