/** Evaluates as the flags say, keeps what comes, and prints the scores. */
import { type Evaluation, evaluate, openTasks, type TaskOutcome } from "../../eval/index.js";
import {
  clearEvaluation,
  type EvaluationFolder,
  finishedResults,
  openEvaluationFolder,
  type ResultsFile,
  resultsFile,
  type Settings,
} from "../../eval/store/index.js";
import { torchVersion } from "../../tensor/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { abortOnSignals, Interrupted } from "../../util/signals.js";
import { printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import { type Asked, askedOf, type EvalFlags, modelNameOf } from "./flags.js";
import { chooseModel, identityOf, type ModelChoice, openModel } from "./model.js";
import { createEvalProgress } from "./progress.js";
import { tableLines } from "./table.js";

/** @throws ConfigError, DataError, FormatError; Interrupted where a signal came */
export async function runEval(flags: EvalFlags): Promise<void> {
  const asked = askedOf(flags);
  const choice = chooseModel(modelNameOf(flags), flags.adapter, flags);
  openTasks(asked); // What is not there shows before a model is loaded.
  const job = { flags, asked, choice, identity: await identityOf(choice) };
  const { output } = flags;
  const results =
    output === undefined
      ? await evaluateModel(job)
      : await withOutput(output, [], () => evaluateInto(output, job), "--output");
  if (flags.json) printJson(results);
  else stdout.write(`${tableLines(results).join("\n")}\n`);
}

interface Job {
  flags: EvalFlags;
  asked: Asked;
  choice: ModelChoice;
  identity: string;
}

/** Values by which an evaluation is the same as another one. */
function settingsOf({ flags, asked, choice, identity }: Job): Settings {
  const { tasks, dataDir, protocol, numFewshot, limit, seed, parity, system, chat } = asked;
  return {
    model: choice.name,
    adapters: flags.adapter ?? [],
    model_files: identity,
    tasks,
    data_dir: dataDir ?? null,
    protocol,
    num_fewshot: numFewshot ?? null,
    limit: limit ?? null,
    fewshot_seed: seed ?? 1234,
    parity: parity ?? false,
    system_instruction: system ?? null,
    apply_chat_template: choice.chat !== undefined,
    fewshot_as_multiturn: chat?.shotsAsTurns ?? false,
    dtype: flags.dtype ?? null,
    tunewright_version: packageVersion(),
    torch_version: torchVersion(),
  };
}

async function evaluateInto(output: string, job: Job): Promise<ResultsFile> {
  const settings = settingsOf(job);
  if (job.flags.overwrite) clearEvaluation(output);
  const finished = finishedResults(output, settings);
  if (finished) {
    stderr.write(`${output} holds this evaluation already; --overwrite does it again\n`);
    return finished as unknown as ResultsFile;
  }
  const folder = openEvaluationFolder(output, settings);
  try {
    if (folder.dropped > 0) stderr.write(`note: ${droppedLine(folder.dropped)}\n`);
    if (folder.kept > 0) stderr.write(`going on with ${folder.kept} answers of ${output}\n`);
    const results = await evaluateModel(job, folder);
    folder.finish(results);
    return results;
  } catch (error) {
    throw error instanceof Interrupted ? goOnFrom(output, error) : error;
  } finally {
    folder.close();
  }
}

function droppedLine(count: number): string {
  const lines = count === 1 ? "1 line" : `${count} lines`;
  const verb = count === 1 ? "was" : "were";
  return `${lines} of kept answers ${verb} not whole: what they answered is asked again`;
}

function goOnFrom(output: string, { message }: Interrupted): Interrupted {
  return new Interrupted(message, {
    why: `the answers so far are kept in ${output}`,
    todo: "run the same command again to go on",
  });
}

/** Loads the model, asks, and frees it. @param folder keeps answers and samples as they come */
async function evaluateModel(job: Job, folder?: EvaluationFolder): Promise<ResultsFile> {
  const { asked, choice, identity } = job;
  const { signal, done } = abortOnSignals();
  const started = Date.now() / 1000;
  try {
    const opened = await openModel(choice);
    const progress = createEvalProgress({ stream: stderr, count: 1 });
    const outcomes: TaskOutcome[] = [];
    let evaluation: Evaluation;
    try {
      for (const note of opened.notes) stderr.write(`note: ${note}\n`);
      progress.begin("");
      evaluation = await evaluate({
        ...asked,
        model: opened.model,
        signal,
        store: folder?.storeOf(identity),
        onProgress: progress.show,
        onTask(outcome) {
          outcomes.push(outcome);
          folder?.writeSamples("", outcome.task.name, outcome.samples);
        },
      });
    } finally {
      progress.close();
      opened.dispose();
    }
    const { samples: _, ...results } = evaluation;
    return resultsFile(results, outcomes, {
      started,
      ended: Date.now() / 1000,
      config: { ...settingsOf(job), ...opened.facts },
      versions: { tunewright: packageVersion(), torch: torchVersion() },
    });
  } finally {
    done();
  }
}
