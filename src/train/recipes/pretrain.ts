/**
 * Continued pretraining: of plain texts, every token is learnt, packed into rows without padding. A
 * text longer than max_seq_length is several sequences.
 */
import { weightNotes } from "../../format/index.js";
import { dropoutNotes, modelTensors } from "../../models/index.js";
import { dispose } from "../../tensor/index.js";
import { vocabularyNotes } from "../../text/index.js";
import { openBenchmarks } from "../benchmarks.js";
import { checkRowsFirst } from "../checkedRows.js";
import type { LoadedConfig } from "../config/index.js";
import { identifyRun } from "../identifyRun.js";
import { newTokensOf } from "../newTokens.js";
import { crossEntropy } from "../objectives/crossEntropy.js";
import { type RunOptions, type RunResult, startRun } from "../run.js";
import { encodeSamplePrompts } from "../samples.js";
import { trainAndSave } from "../trainAndSave.js";
import { fetchBaseModel, loadingNotes, loadTrainedModel } from "../trainedModel.js";
import { describeData, openEvalFile, openText, openTrainFile } from "../trainingFiles.js";

/**
 * Runs continued pretraining as configured.
 *
 * @throws ConfigError, DataError, FormatError, CheckpointError before training starts;
 *   TunewrightError where the loss stops being finite
 */
export async function runPretrain(
  loaded: LoadedConfig,
  options: RunOptions = {},
): Promise<RunResult> {
  // Configuration, fitted to this machine; the run directory; the checkpoint to go on from.
  const run = await startRun(loaded, options);
  const { config, world, checkpoint, say, defer } = run;
  try {
    // Data: an index of the rows; texts are tokenized while training, without a chat template.
    const base = await fetchBaseModel(config);
    for (const line of [base.path, ...base.adapters].flatMap(weightNotes)) say(line);
    const text = await openText(base, config);
    for (const line of vocabularyNotes(text.tokenizer)) say(line);
    const benchmarks = await openBenchmarks(config);
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

    // Objective and loop.
    return await trainAndSave(run, {
      trained,
      text,
      data,
      evaluationData,
      prompts,
      dialogue: [],
      benchmarks,
      objective: crossEntropy,
      isChecked,
      record,
      template: null,
    });
  } finally {
    await run.close();
  }
}
