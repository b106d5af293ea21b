/**
 * Supervised fine-tuning: of conversations, the assistant's turns are learnt. Everything random or
 * ordered is a function of the seed and the step, so a run that goes on from a checkpoint computes
 * the same numbers as one that was never stopped.
 */
import { modelTensors } from "../../models/index.js";
import { dispose } from "../../tensor/index.js";
import { beginRecord } from "../beginRecord.js";
import { checkRowsFirst } from "../checkedRows.js";
import type { LoadedConfig } from "../config/index.js";
import { stopIfAsked, watchForStop } from "../interrupt.js";
import { trainLoop } from "../loop.js";
import { crossEntropy } from "../objectives/crossEntropy.js";
import type { Recorder } from "../recorder.js";
import { type RunOptions, type RunResult, startRun } from "../run.js";
import { createSampler, encodeSamplePrompts } from "../samples.js";
import { saveFinal, saveStep } from "../saver.js";
import { fetchBaseModel, loadTrainedModel } from "../trainedModel.js";
import { describeData, openEvalFile, openText, openTrainFile } from "../trainingFiles.js";
import { preparePasses, prepareProducts, prepareUpdate } from "../update.js";
import { planSteps } from "../window.js";

/**
 * Runs supervised fine-tuning as configured.
 *
 * @throws ConfigError, DataError, FormatError, CheckpointError before training starts;
 *   TunewrightError where the loss stops being finite
 */
export async function runSft(loaded: LoadedConfig, options: RunOptions = {}): Promise<RunResult> {
  // Configuration, fitted to this machine; the run directory; the checkpoint to go on from.
  const run = await startRun(loaded, options);
  const { config, world, checkpoint, say, defer } = run;
  let recorder: Recorder | undefined;
  try {
    // Data: an index of the rows; conversations are tokenised while training.
    const base = await fetchBaseModel(config);
    const text = await openText(base, config.template_name ?? undefined);
    if (!checkpoint) await checkRowsFirst(config, text, say);
    const data = await openTrainFile(config, text, checkpoint?.state.data, world);
    defer(() => data.close());
    for (const line of describeData(data, checkpoint?.state.data)) say(line);
    const evaluationData = await openEvalFile(config, text, world);
    defer(() => evaluationData?.close());

    // Model. From here on a signal is noted, and the run saves before it ends.
    defer(watchForStop());
    const model = loadTrainedModel(config, checkpoint?.path);
    defer(() => dispose(modelTensors(model)));
    const prompts = await encodeSamplePrompts(config.sample_prompts, text, model);

    // Objective: what is learnt, in which number type, by which optimizer, in how many steps.
    const objective = crossEntropy;
    const precision = prepareProducts(run);
    const { prepared, pass, keepBytes } = preparePasses(run, model, precision.dtype);
    const update = prepareUpdate(run, model);
    const plan = planSteps(data.microBatchesPerEpoch, config);

    // Loop.
    recorder = beginRecord(run, { model, data, plan, precision, keepBytes });
    const saved = {
      model,
      recorder,
      precision,
      optimizer: update.optimizer,
      tokenizer: text.tokenizer,
      templateName: text.template.name,
    };
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
      sample: createSampler(model, prompts, recorder, {
        ...text,
        maxNewTokens: config.sample_max_new_tokens,
        onToken: stopIfAsked,
        answeredStep: checkpoint?.step,
      }),
      save: () => saveStep(run, saved),
    });

    // Save: the result, where the run is complete.
    if (reason === "done") await saveFinal(run, saved);
    return { reason, summary: recorder.end(reason) };
  } catch (error) {
    recorder?.end("failed");
    throw error;
  } finally {
    await run.close();
  }
}
