/** Evaluates the models of a job, one after the other, with each draw of examples. */
import { type Evaluation, evaluate, type TaskOutcome } from "../../eval/index.js";
import { type EvaluationFolder, type ResultsFile, resultsFile } from "../../eval/store/index.js";
import { torchVersion } from "../../tensor/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { abortOnSignals } from "../../util/signals.js";
import { stderr } from "../output.js";
import { type OpenedModel, openModel } from "./model.js";
import { createEvalProgress, type EvalProgress } from "./progress.js";
import { type Job, type KnownModel, settingsOf } from "./settings.js";

/** An evaluation with all that results.json says of it. */
export type Evaluated = ResultsFile & Pick<Evaluation, "samples">;

/** What a job came to. */
export interface Outcome {
  /** By draw, in the order of the seeds. */
  runs: readonly { seed: number; evaluation: Evaluated }[];
  /** The base model, with the first draw. */
  base?: Evaluated;
}

interface Parts {
  job: Job;
  progress: EvalProgress;
  folder: EvaluationFolder | undefined;
  signal: AbortSignal;
}

/** @param folder keeps answers, samples and results as they come */
export async function evaluateModels(job: Job, folder?: EvaluationFolder): Promise<Outcome> {
  const { model, base, seeds } = job;
  const { signal, done } = abortOnSignals();
  const count = seeds.length + (base ? 1 : 0);
  const progress = createEvalProgress({ stream: stderr, count });
  const parts = { job, progress, folder, signal };
  try {
    const [first] = seeds;
    const before =
      base && (await withModel(base, (opened) => run(opened, base, first!, "base", parts)));
    const runs = await withModel(model, async (opened) => {
      const runs: Outcome["runs"][number][] = [];
      for (const seed of seeds) {
        const inner = seeds.length > 1 ? `seed-${seed}` : "";
        runs.push({ seed, evaluation: await run(opened, model, seed, inner, parts) });
      }
      return runs;
    });
    return { runs, ...(before && { base: before }) };
  } finally {
    progress.close();
    done();
  }
}

/** Loads a model, and frees it when `use` has ended. */
async function withModel<T>(
  { choice }: KnownModel,
  use: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const opened = await openModel(choice);
  try {
    for (const note of opened.notes) stderr.write(`note: ${note}\n`);
    return await use(opened);
  } finally {
    opened.dispose();
  }
}

/** One model with one draw. @param inner folder in the directory of the evaluation */
async function run(
  opened: OpenedModel,
  { choice, identity }: KnownModel,
  seed: number,
  inner: string,
  { job, progress, folder, signal }: Parts,
): Promise<Evaluated> {
  const started = Date.now() / 1000;
  const outcomes: TaskOutcome[] = [];
  progress.begin(
    [job.base && (inner === "base" ? "base" : "tuned"), inner.startsWith("seed") && inner]
      .filter((part) => part)
      .join(", "),
  );
  const { samples, ...results } = await evaluate({
    ...job.asked,
    seed,
    model: opened.model,
    signal,
    store: folder?.storeOf(identity),
    onProgress: progress.show,
    onTask(outcome) {
      outcomes.push(outcome);
      folder?.writeSamples(inner, outcome.task.name, outcome.samples);
    },
  });
  const file = resultsFile(results, outcomes, {
    started,
    ended: Date.now() / 1000,
    config: {
      ...settingsOf(job),
      model: choice.name,
      ...(inner === "base" && { adapters: [] }),
      fewshot_seed: seed,
      ...opened.facts,
    },
    versions: { tunewright: packageVersion(), torch: torchVersion() },
  });
  if (inner !== "") folder?.writeResults(inner, file);
  return { ...file, samples };
}
