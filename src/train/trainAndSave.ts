/** What every recipe does once data and model are there: number type, optimizer, loop, result. */
import type { StreamingData, TrainingData } from "../data/index.js";
import type { CausalLanguageModel } from "../models/index.js";
import type { ChatTemplate } from "../text/index.js";
import { noteSignals, stopIfAsked } from "../util/signals.js";
import { beginRecord } from "./beginRecord.js";
import { type Benchmarks, recordBenchmarks } from "./benchmarks.js";
import { loadBestStep } from "./bestStep.js";
import { whereFilesFail } from "./checkpoint/index.js";
import { recordDialogue } from "./dialogue.js";
import type { TrainSummary } from "./events/index.js";
import { leftOutTeller } from "./leftOutTeller.js";
import { trainLoop } from "./loop.js";
import { answerIfRoom, dryRun, explainOutOfMemory } from "./memory/index.js";
import type { Objective } from "./objectives/objective.js";
import { tellOnce } from "./onRecord.js";
import type { Recorder } from "./recorder.js";
import type { RunRecord } from "./resume/index.js";
import type { Run, RunResult } from "./run.js";
import { recordSamples, type SamplePrompt } from "./samples.js";
import { createStepSaver, requireRoomToSave, saveFinal } from "./saver.js";
import { warmupNotes } from "./schedule.js";
import { onceMore } from "./secondTry.js";
import type { TrainedModel } from "./trainedModel.js";
import type { DataText } from "./trainingFiles.js";
import { preparePasses, prepareProducts, prepareUpdate } from "./update.js";
import { RolledBack, requireTrainable } from "./watch/index.js";
import { planSteps, type StepPlan } from "./window.js";

/** What a recipe has made ready. */
export interface RecipeParts {
  trained: TrainedModel;
  text: DataText;
  data: TrainingData | StreamingData;
  /** Held-out rows, where the configuration asks for evaluations. */
  evaluationData: TrainingData | undefined;
  prompts: readonly SamplePrompt[];
  /** User turns of `sample_dialogue`. */
  dialogue: readonly string[];
  /** What `eval_tasks` name; nothing where there are none. */
  benchmarks: Benchmarks | undefined;
  objective: Objective;
  /** The chat template that is trained with; null where there is none. */
  template: ChatTemplate | null;
  /** Whether all rows were gone through before, and what they leave out was told. */
  isChecked: boolean;
  /** What the run is, for its checkpoints. */
  record: RunRecord;
}

/**
 * Trains as planned, with checkpoints on the way and the result at the end.
 *
 * @throws CheckpointError where the checkpoint's optimizer state does not fit; DataError,
 *   TunewrightError as {@link trainLoop}
 */
export async function trainAndSave(run: Run, parts: RecipeParts): Promise<RunResult> {
  const { config, world, checkpoint, say } = run;
  const { trained, text, data, evaluationData, objective, template } = parts;
  const { model } = trained;

  if (!checkpoint) requireTrainable(model);

  // In which number type, by which optimizer, in how many steps.
  const precision = prepareProducts(run);
  const { prepared, pass } = preparePasses(run, model, precision.dtype);
  const update = prepareUpdate(run, model);
  const plan = planSteps(data.microBatchesPerEpoch, config);
  for (const line of warmupNotes(config, plan.totalSteps)) say(line);

  // Is there room for what it writes, and memory for its largest batch?
  requireRoomToSave(run, trained);
  const done = checkpoint?.state.step ?? 0;
  const remaining = (plan.totalSteps - done) * plan.accumulation;
  await dryRun({
    config,
    prepared,
    data,
    evaluationData,
    objective,
    update,
    pass,
    remaining,
    say,
  });

  // From here on the run is on record, and a signal is noted: the run saves before it ends.
  run.defer(noteSignals());
  let newest = checkpoint?.path;
  const recorder = whereFilesFail(run.path, "the beginning of the run", () =>
    beginRecord(run, { model, data, plan, precision, pass }),
  );
  try {
    const saved = {
      trained,
      plan,
      recorder,
      precision,
      optimizer: update.optimizer,
      tokenizer: text.tokenizer,
      template,
      record: parts.record,
    };
    const saver = createStepSaver(run, saved);
    let more: Partial<TrainSummary> = {};
    const reason = await trainLoop({
      config,
      world,
      prepared,
      data,
      evaluationData,
      objective,
      plan,
      update,
      pass,
      recorder,
      say,
      tellLeftOut: parts.isChecked ? () => {} : leftOutTeller(say),
      sample: sampler(model, parts, recorder, config.sample_max_new_tokens),
      benchmark: scorer(model, parts, recorder, plan),
      save: async (isPlanned) => {
        newest = await onceMore(model.device, () => saver(isPlanned));
        return newest;
      },
      finish: async () => {
        stopIfAsked();
        const best = await loadBestStep(run, trained, recorder, update);
        await onceMore(model.device, () => saveFinal(run, saved, best.step));
        more = best.summary;
      },
    });
    return { reason, summary: recorder.end(reason, reason === "done" ? more : {}) };
  } catch (error) {
    if (error instanceof RolledBack) throw error;
    const { step } = recorder.state;
    const place = { device: model.device, maxMemory: config.max_memory, checkpoint: newest };
    const explained = explainOutOfMemory(error, { ...place, when: `at step ${step + 1}` });
    recorder.end("failed");
    throw explained;
  }
}

/** What answers prompts and dialogue of the recorder's step; it gives whether it had to. */
function sampler(
  model: CausalLanguageModel,
  { text, prompts, dialogue }: RecipeParts,
  recorder: Recorder,
  maxNewTokens: number,
): () => Promise<boolean> {
  const options = { ...text, maxNewTokens, onToken: stopIfAsked, onText: stopIfAsked };
  const once = (kind: "sample" | "dialogue", answer: () => Promise<void>) =>
    tellOnce(recorder.state, kind, () => answerIfRoom(recorder, answer));
  return async () => {
    let isNew = false;
    if (prompts.length > 0) {
      isNew = await once("sample", () => recordSamples(model, prompts, recorder, options));
    }
    if (dialogue.length > 0) {
      const answer = () => recordDialogue(model, dialogue, recorder, options);
      isNew = (await once("dialogue", answer)) || isNew;
    }
    return isNew;
  };
}

/** What scores the model on benchmarks at the recorder's step; it gives whether it had to. */
function scorer(
  model: CausalLanguageModel,
  { text, benchmarks }: RecipeParts,
  recorder: Recorder,
  { stepsPerEpoch }: Pick<StepPlan, "stepsPerEpoch">,
): () => Promise<boolean> {
  if (!benchmarks) return async () => false;
  const score = () => recordBenchmarks({ model, ...text }, benchmarks, recorder, stepsPerEpoch);
  return () => tellOnce(recorder.state, "benchmark", () => answerIfRoom(recorder, score));
}
