/**
 * Supervised fine-tuning, read top to bottom: configuration, run directory, data, model, optimizer,
 * loop, save. Everything random or ordered is a function of the seed and the step, so a run that
 * goes on from a checkpoint computes the same numbers as one that was never stopped.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import type { MicroBatch, TrainingData } from "../data/index.js";
import { type ModelConfig, openModelWeights } from "../format/index.js";
import { modelTensors, trainableParameters } from "../models/index.js";
import {
  dispose,
  memoryStatistics,
  receivedSignal,
  setThreads,
  threads,
  trimMemory,
  watchSignals,
} from "../tensor/index.js";
import { loadTokenizer, resolveChatTemplate, type Tokenizer } from "../text/index.js";
import { DataError, TunewrightError } from "../util/errors.js";
import { hashKey } from "../util/hash.js";
import { checkRowsFirst } from "./checkedRows.js";
import { resolveResume, saveCheckpoint, setAsideLater } from "./checkpoint/index.js";
import { type DeviceConfig, type LoadedConfig, resolveForDevice } from "./config/index.js";
import { probeDevice } from "./deviceFacts.js";
import type { EventRow, Tick, TrainSummary } from "./events.js";
import { type EventWriter, openEventWriter } from "./eventWriter.js";
import {
  countNonEmbeddingParameters,
  modelFlopsUtilisation,
  totalFlos,
  trainingFlops,
} from "./flops.js";
import { initialLossScale, nextLossScale } from "./lossScale.js";
import { clipGradients, createOptimizer } from "./optimizer.js";
import { peakRate } from "./peakRate.js";
import { choosePrecision } from "./precision.js";
import { countParameters, fetchBaseModel, prepareModel, saveTrained } from "./prepareModel.js";
import { changedSince, openRunDirectory, readRunConfig, writeRunConfig } from "./runDirectory.js";
import { answerPrompts, encodeSamplePrompts } from "./samples.js";
import { countIntervalSteps, createSchedule } from "./schedule.js";
import { nothingLearnt, openSkippedRows } from "./skippedRows.js";
import { countLabelled, evaluationPass, trainingPass, zeroGradients } from "./step.js";
import { readTrainerState, type TrainerState, writeTrainerState } from "./trainerState.js";
import { describeData, openEvalFile, openTrainFile } from "./trainingFiles.js";
import { planSteps, windowOf } from "./window.js";

/** Tokens computed together: their activations should stay in a CPU's cache. */
const CPU_GROUP_TOKENS = 1024;
const DEVICE_GROUP_TOKENS = 16384;

/** What a caller may add to a run. */
export interface SftOptions {
  /** Get each event after it was stored. */
  readers?: readonly ((row: EventRow) => void)[];
  /** Gets the state between events, for displays. */
  onTick?: (tick: Tick) => void;
  /** Gets lines for the user: what was replaced, what was found. */
  say?: (line: string) => void;
}

/** How a run ended. */
export interface SftResult {
  reason: "done" | "stopped";
  summary: TrainSummary;
}

/** Milliseconds between looks for a signal while the data is waited for. */
const SIGNAL_INTERVAL = 200;

/** Thrown inside a pass when a signal asks the run to stop. */
class Interrupted extends TunewrightError {}

/**
 * Runs supervised fine-tuning as configured.
 *
 * @throws ConfigError, DataError, FormatError, CheckpointError before training starts;
 *   TunewrightError where the loss stops being finite.
 */
export async function runSft(loaded: LoadedConfig, options: SftOptions = {}): Promise<SftResult> {
  const { say = () => {} } = options;

  // Configuration, fitted to this machine.
  const { device, facts } = probeDevice(loaded.config.use_cpu);
  const fitted = resolveForDevice(loaded.config, facts);
  const config: DeviceConfig = fitted.config;
  const notes = [...loaded.notes, ...fitted.notes];
  for (const note of notes) say(note);
  setThreads(Number(process.env.OMP_NUM_THREADS) || threads());

  // Run directory: taken for this process, continued where asked.
  const run = openRunDirectory(config);
  const closers: (() => void | Promise<void>)[] = [() => run.release()];
  let events: EventWriter | undefined;
  let recordFailure = () => {};
  try {
    for (const warning of run.warnings) say(warning);
    const { checkpoint, warnings } = await resolveResume(run.path, config.resume_from_checkpoint);
    for (const warning of warnings) say(warning);
    const own =
      checkpoint && path.resolve(path.dirname(checkpoint.path)) === path.resolve(run.path);
    if (own) for (const line of setAsideLater(run.path, checkpoint.step)) say(line);
    const earlier = readRunConfig(run.path);
    if (checkpoint && earlier) for (const line of changedSince(earlier, loaded.config)) say(line);
    const restored = checkpoint ? readTrainerState(checkpoint.path) : undefined;

    // Data: an index of the rows; conversations are tokenised while training.
    const base = await fetchBaseModel(config);
    const tokenizer = await loadTokenizer(base);
    const template = resolveChatTemplate(config.template_name ?? undefined, tokenizer);
    const embeddingRows = readConfiguration(base).vocab_size;
    const text = { tokenizer, template, tokenizerPath: base, embeddingRows };
    const cursor = restored?.state.data;
    if (!restored) await checkRowsFirst(config, text, say);
    const data = await openTrainFile(config, text, cursor);
    closers.push(() => data.close());
    for (const line of describeData(data, cursor)) say(line);
    const held = await openEvalFile(config, text);
    if (held) closers.push(() => held.close());
    const skipped = openSkippedRows(run.path);

    // Model. From here on a signal is noted, and the run saves before it ends.
    watchSignals(true);
    closers.push(() => watchSignals(false));
    const model = prepareModel(config, checkpoint?.path);
    closers.push(() => dispose(modelTensors(model)));
    const samplePrompts = await encodeSamplePrompts(config.sample_prompts, text, model);

    // Precision, optimizer, schedule.
    const precision = choosePrecision(config, restored?.state.productDtype);
    if (precision.line) say(precision.line);
    const parameters = trainableParameters(model);
    const optimizer = createOptimizer(parameters, {
      ...config,
      ...config.optimizer,
    });
    const sums = zeroGradients(model);
    closers.push(
      () => optimizer.dispose(),
      () => dispose(sums),
    );
    if (restored) {
      optimizer.restore(restored.optimizer, restored.state.step);
      dispose(restored.optimizer);
    }
    const plan = planSteps(data.microBatchesPerEpoch, config);
    const schedule = createSchedule(config, plan.totalSteps);
    const state: TrainerState = restored?.state ?? {
      step: 0,
      tokens: 0,
      labelledTokens: 0,
      sequences: 0,
      lossSum: 0,
      operations: 0,
      seconds: 0,
      lossScale: initialLossScale(config.lossScaling),
      productDtype: precision.dtype,
    };
    state.productDtype = precision.dtype;
    if ("cursor" in data) state.data = data.cursor;
    const adapter =
      config.lora_rank === null
        ? undefined
        : { rank: config.lora_rank, targets: config.lora_target };

    // Events: what happens from here on is on record.
    const resumeStep = own ? checkpoint.step : run.hasRun && !checkpoint ? 0 : undefined;
    events = openEventWriter(run.path, {
      ...(resumeStep === undefined ? {} : { resumeStep }),
      readers: options.readers ?? [],
      onError: (error) => say(`events.jsonl cannot be written: ${String(error)}`),
    });
    const writer = events;
    closers.push(() => writer.close());
    const machine = {
      device,
      product_dtype: precision.dtype,
      product_reason: precision.reason,
    };
    writeRunConfig(run.path, { ...loaded, notes, facts: machine });
    const counts = countParameters(model);
    writer.write({
      type: "start",
      step: state.step,
      total_steps: plan.totalSteps,
      run_name: config.run_name ?? null,
      model: config.model_name_or_path,
      train_mode: config.train_mode,
      compute_dtype: config.computeDtype,
      ...machine,
      samples: Number.isFinite(data.rows) ? data.rows : null,
      parameters: counts.all,
      trainable_parameters: counts.trainable,
    });
    if (checkpoint) {
      const { rowsCut } = writer;
      writer.write({
        type: "resume",
        step: state.step,
        checkpoint: checkpoint.path,
        rows_cut: rowsCut,
      });
    }

    const stopIfAsked = () => {
      if (receivedSignal() !== 0) throw new Interrupted("stopped by a signal");
    };
    const nextBatch = async (number: number) => {
      const coming = data.microBatch(number);
      for (;;) {
        const batch = await Promise.race([coming, setTimeout(SIGNAL_INTERVAL)]);
        if (batch) return batch;
        stopIfAsked();
      }
    };
    const pass = {
      dtype: precision.dtype,
      groupTokens: device === "cpu" ? CPU_GROUP_TOKENS : DEVICE_GROUP_TOKENS,
      beforeBranch: stopIfAsked,
    };

    let savedStep = checkpoint?.step ?? 0;
    const save = async () => {
      const started = performance.now();
      const resumable = !config.save_only_model;
      const saved = await saveCheckpoint(
        run.path,
        state.step,
        (directory) => {
          saveTrained(model, config, directory, resumable);
          saveTokenizer(tokenizer, template.name, directory);
          if (resumable) writeTrainerState(directory, state, optimizer.state());
        },
        { totalLimit: config.save_total_limit, resumable },
      );
      const { path: place, bytes, removed } = saved;
      const seconds = (performance.now() - started) / 1000;
      writer.write({
        type: "checkpoint",
        step: state.step,
        path: place,
        bytes,
        seconds,
        removed: [...removed],
      });
      savedStep = state.step;
      return saved;
    };

    const warn = (message: string) => writer.write({ type: "warning", step: state.step, message });
    const leaveOut = (rows: MicroBatch["skipped"]) => {
      for (const { reason } of skipped.add(rows)) warn(`Left out: ${reason}`);
    };

    const evaluate = async (file: TrainingData) => {
      const started = performance.now();
      let loss = 0;
      let labelled = 0;
      for (let i = 0; i < file.microBatchesPerEpoch; i++) {
        const { sequences, skipped: rows } = await file.microBatch(i);
        leaveOut(rows);
        if (sequences.length === 0) continue;
        loss += evaluationPass(model, sequences, { ...pass, lossScale: 1 });
        labelled += countLabelled(sequences);
      }
      if (labelled === 0) {
        warn("No row of eval_file is left to evaluate on.");
        return;
      }
      const seconds = (performance.now() - started) / 1000;
      writer.write({
        type: "evaluation",
        step: state.step,
        eval_loss: loss / labelled,
        samples: file.rows,
        labelled_tokens: labelled,
        seconds,
      });
    };

    // A checkpoint has the answers of its step on record, and needs no others.
    let sampledStep = checkpoint?.step ?? -1;
    const sample = async () => {
      if (samplePrompts.length === 0 || sampledStep === state.step) return;
      const answers = await answerPrompts(model, samplePrompts, {
        tokenizer,
        template,
        maxNewTokens: config.sample_max_new_tokens,
        onToken: stopIfAsked,
      });
      for (const answer of answers) writer.write({ type: "sample", step: state.step, ...answer });
      sampledStep = state.step;
    };

    const summarise = (): TrainSummary => {
      const rate = (count: number) => (state.seconds > 0 ? count / state.seconds : 0);
      return {
        run_dir: run.path,
        steps: state.step,
        epoch: state.step / plan.stepsPerEpoch,
        train_loss: state.lossSum / Math.max(1, state.step),
        train_runtime: state.seconds,
        train_samples_per_second: rate(state.sequences),
        train_steps_per_second: rate(state.step),
        tokens: state.tokens,
        labelled_tokens: state.labelledTokens,
        rows_skipped: skipped.count,
        tokens_per_second: rate(state.tokens),
        total_flos: totalFlos(countNonEmbeddingParameters(model.config, adapter), state.tokens),
        mfu: modelFlopsUtilisation(
          state.operations,
          state.seconds,
          peakRate(device, precision.dtype),
        ),
        peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
        peak_device_bytes: device === "cpu" ? null : memoryStatistics().peakDeviceBytes,
      };
    };
    recordFailure = () => {
      writer.write({ type: "end", step: state.step, reason: "failed", ...summarise() });
    };

    // The loop.
    const logEvery = countIntervalSteps(config.logging_steps, plan.totalSteps);
    const saveEvery = countIntervalSteps(config.save_steps, plan.totalSteps);
    const evalEvery = countIntervalSteps(
      config.eval_steps ?? config.logging_steps,
      plan.totalSteps,
    );
    const due = (strategy: string, every: number) =>
      (strategy === "steps" && state.step % every === 0) ||
      (strategy === "epoch" && state.step % plan.stepsPerEpoch === 0);
    let since = { loss: 0, tokens: 0, labelled: 0, start: performance.now() };
    let reason: SftResult["reason"] = "done";
    try {
      if (held && config.eval_on_start && state.step === 0) await evaluate(held);
      await sample();
      while (state.step < plan.totalSteps) {
        stopIfAsked();
        const started = performance.now();
        const window = [];
        for (const number of windowOf(plan, state.step)) {
          const batch = await nextBatch(number);
          if (batch.ended) break;
          leaveOut(batch.skipped);
          window.push(batch);
        }
        if (window.length === 0) {
          say(`The stream has ended after step ${state.step} of ${plan.totalSteps}.`);
          break;
        }
        const sequences = window.flatMap((batch) => batch.sequences);
        const labelled = countLabelled(sequences);
        for (const sum of sums.values()) sum.zero_();
        const learningRate = schedule(state.step);
        let loss = 0;
        for (const [part, batch] of window.entries()) {
          if (batch.sequences.length === 0) continue;
          loss += trainingPass(model, batch.sequences, sums, {
            ...pass,
            lossScale: 1 / Math.max(1, labelled),
            recompute: config.gradient_checkpointing,
            gradientScale: state.lossScale.value,
            dropoutKey: (branch) => hashKey(config.seed, state.step, part, branch),
          });
          await new Promise(setImmediate);
        }
        const norm = clipGradients(sums, config.max_grad_norm, state.lossScale.value);
        const finite = Number.isFinite(norm) && Number.isFinite(loss);
        if (!finite && !config.lossScaling) throw notFinite(loss, norm, state.step + 1, window);
        if (finite) optimizer.step(sums, learningRate);
        if (config.lossScaling) state.lossScale = nextLossScale(state.lossScale, finite);

        const tokens = window.reduce((sum, batch) => sum + batch.tokens, 0);
        state.step += 1;
        state.tokens += tokens;
        state.labelledTokens += labelled;
        state.sequences += sequences.length;
        state.lossSum += loss;
        state.seconds += (performance.now() - started) / 1000;
        state.operations += trainingFlops(
          model.config,
          { lengths: sequences.map(({ inputIds }) => inputIds.length), labelledTokens: labelled },
          adapter,
        );
        since.loss += loss * labelled;
        since.tokens += tokens;
        since.labelled += labelled;
        options.onTick?.({
          type: "tick",
          step: state.step,
          total_steps: plan.totalSteps,
          loss,
          learning_rate: learningRate,
          tokens_per_second: tokens / ((performance.now() - started) / 1000),
          rss_bytes: process.memoryUsage.rss(),
        });
        if (
          due(config.logging_strategy, logEvery) ||
          (config.logging_first_step && state.step === 1) ||
          state.step === plan.totalSteps
        ) {
          const seconds = (performance.now() - since.start) / 1000;
          writer.write({
            type: "step",
            step: state.step,
            epoch: state.step / plan.stepsPerEpoch,
            loss: since.loss / Math.max(1, since.labelled),
            learning_rate: learningRate,
            grad_norm: norm,
            tokens: since.tokens,
            labelled_tokens: since.labelled,
            tokens_per_second: since.tokens / seconds,
            rss_bytes: process.memoryUsage.rss(),
            ...(device === "cpu" ? {} : { device_bytes: memoryStatistics().deviceBytes }),
          });
          since = { loss: 0, tokens: 0, labelled: 0, start: performance.now() };
        }
        const paused = performance.now();
        const evaluates = held !== undefined && due(config.eval_strategy, evalEvery);
        const saves = due(config.save_strategy, saveEvery);
        if (evaluates) await evaluate(held);
        if (evaluates || saves) await sample();
        if (saves) await save();
        since.start += performance.now() - paused;
        trimMemory();
      }
      if (state.step > 0 && state.labelledTokens === 0) throw nothingLearnt(skipped.count);
      if (held && config.eval_strategy === "no") await evaluate(held);
      await sample();
    } catch (error) {
      // A row that cannot be trained on costs no step before it.
      const isGained = state.labelledTokens > 0 && state.step > savedStep;
      if (error instanceof DataError && isGained && !config.save_only_model) {
        const { path: place } = await save();
        const how = "--resume goes on from there, with --on_error skip without such rows";
        say(`Step ${state.step} is saved in ${place}: ${how}.`);
      }
      if (!(error instanceof Interrupted)) throw error;
      reason = "stopped";
    }

    // Save: a checkpoint to go on from, and where the run is complete, the result at the root.
    watchSignals(false);
    if (state.step > savedStep && (reason === "stopped" || config.save_strategy !== "no"))
      await save();
    if (reason === "done") {
      saveTrained(model, config, run.path, false);
      saveTokenizer(tokenizer, template.name, run.path);
      writeRunConfig(run.path, { ...loaded, notes, facts: machine });
    }
    const summary = summarise();
    writer.write({ type: "end", step: state.step, reason, ...summary });
    writer.sync();
    return { reason, summary };
  } catch (error) {
    recordFailure();
    throw error;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** The configuration of a model's files, without their weights. */
function readConfiguration(file: string): ModelConfig {
  const source = openModelWeights(file);
  source.close();
  return source.config;
}

/** The tokenizer's files, and the name of the template so that chat and evaluation use the same. */
function saveTokenizer(tokenizer: Tokenizer, templateName: string, directory: string): void {
  tokenizer.save(directory);
  const text = JSON.stringify({ template_name: templateName }, null, 2);
  writeFileSync(path.join(directory, "tunewright.json"), `${text}\n`);
}

function notFinite(
  loss: number,
  norm: number,
  step: number,
  window: MicroBatch[],
): TunewrightError {
  const rows = window.flatMap(({ sequences }) =>
    sequences.map(({ source }) => `${source.file}:${source.line}`),
  );
  return new TunewrightError(
    `step ${step}: the loss is ${loss} and the norm of its gradients ${norm}`,
    {
      why: `the rows of this step are ${rows.slice(0, 8).join(", ")}${rows.length > 8 ? ", …" : ""}`,
      todo: "lower learning_rate or max_grad_norm, or look at these rows; the last checkpoint is untouched",
    },
  );
}
