/**
 * Supervised fine-tuning: of conversations, the assistant's turns are learnt. Everything random or
 * ordered is a function of the seed and the step, so a run that goes on from a checkpoint computes
 * the same numbers as one that was never stopped.
 */
import { weightNotes } from "../../format/index.js";
import { dropoutNotes, modelTensors } from "../../models/index.js";
import { dispose } from "../../tensor/index.js";
import { checkTrainedTemplate, generationNotes, textNotes } from "../../text/index.js";
import { openBenchmarks } from "../benchmarks.js";
import { checkRowsFirst } from "../checkedRows.js";
import type { LoadedConfig } from "../config/index.js";
import { openDialogue } from "../dialogue.js";
import { identifyRun } from "../identifyRun.js";
import { newTokensOf } from "../newTokens.js";
import { crossEntropy } from "../objectives/crossEntropy.js";
import { type RunOptions, type RunResult, startRun } from "../run.js";
import { encodeSamplePrompts } from "../samples.js";
import { trainAndSave } from "../trainAndSave.js";
import { fetchBaseModel, loadingNotes, loadTrainedModel } from "../trainedModel.js";
import { describeData, openEvalFile, openText, openTrainFile } from "../trainingFiles.js";

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
  try {
    // Data: an index of the rows; conversations are tokenized while training.
    const base = await fetchBaseModel(config);
    for (const line of [base.path, ...base.adapters].flatMap(weightNotes)) say(line);
    if (checkpoint) checkTrainedTemplate(checkpoint.path, config.template_name);
    const text = await openText(base, config);
    for (const line of textNotes(text)) say(line);
    const benchmarks = await openBenchmarks(config);
    for (const line of generationNotes(text.tokenizer, text.template)) say(line);
    const isChecked = !checkpoint && (await checkRowsFirst(config, text, say));
    const data = await openTrainFile(config, text, checkpoint?.state.data, world);
    defer(() => data.close());
    for (const line of describeData(data, checkpoint?.state.data)) say(line);
    const evaluationData = await openEvalFile(config, text, world);
    defer(() => evaluationData?.close());
    const record = await identifyRun(run, { base, text, data, evaluationData });

    // Model.
    for (const line of loadingNotes(config, base)) say(line);
    const trained = loadTrainedModel(config, base, newTokensOf(text.tokenizer), checkpoint?.path);
    const { model } = trained;
    for (const line of dropoutNotes(model.config)) say(line);
    defer(() => dispose(modelTensors(model)));
    const prompts = await encodeSamplePrompts(config.sample_prompts, text, model);
    const dialogue = await openDialogue(config.sample_dialogue, text, model);

    // Objective and loop.
    return await trainAndSave(run, {
      trained,
      text,
      data,
      evaluationData,
      prompts,
      dialogue,
      benchmarks,
      objective: crossEntropy,
      isChecked,
      record,
      template: text.template,
    });
  } finally {
    await run.close();
  }
}
