/** For tests: what a loop needs around a tiny model, with everything real but the rows. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MicroBatch, TrainingData } from "../data/index.js";
import { loadAdapter } from "../lora/index.js";
import { loadModel, modelTensors, prepareModel, trainableParameters } from "../models/index.js";
import { dispose, type Tensor, tidy } from "../tensor/index.js";
import { type DeviceConfig, loadTrainingConfig, resolveForDevice } from "./config/index.js";
import type { EventRow, Tick } from "./events/index.js";
import { createGradients, disposeGradients } from "./gradients.js";
import { createLossScale, type LossScaleState } from "./lossScale.js";
import { crossEntropy } from "./objectives/crossEntropy.js";
import { createOptimizer } from "./optimizer.js";
import { openRecorder } from "./recorder.js";
import { initialTrainerState, type TrainerState } from "./trainerState.js";
import type { TrainingParts } from "./trainingParts.js";
import { planSteps } from "./window.js";
import { openWorld } from "./world.js";

const fixtures = fileURLToPath(new URL("../../test/parity/fixtures/", import.meta.url));

export interface TestRunOptions {
  config?: Record<string, unknown>;
  /** Scales the loss, which a configuration asks for in float16 only. */
  lossScale?: LossScaleState;
  /** What a checkpoint kept. */
  restored?: {
    state: TrainerState;
    parameters: ReadonlyMap<string, Tensor>;
    optimizer: ReadonlyMap<string, Tensor>;
  };
  save?: (run: TestRun) => void;
  onTick?: (tick: Tick) => void;
}

export interface TestRun {
  parts: TrainingParts;
  parameters: ReadonlyMap<string, Tensor>;
  events: EventRow[];
  directory: string;
  close(): void;
}

/** Eight micro-batches of two short sequences. */
function rows(): TrainingData {
  const microBatch = async (number: number): Promise<MicroBatch> => {
    const sequences = [0, 1].map((which) => {
      const length = 8 + ((number * 5 + which * 3) % 7);
      const inputIds = Int32Array.from(
        { length },
        (_, i) => (number * 31 + which * 17 + i * i) % 128,
      );
      const labels = inputIds.map((id, i) => (i > 2 ? id : -100));
      return {
        inputIds,
        labels,
        source: { file: "rows.jsonl", line: 2 * (number % 8) + which + 1 },
      };
    });
    const tokens = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
    const labelledTokens = tokens - 6;
    return { number, epoch: 0, sequences, tokens, labelledTokens, truncated: 0, skipped: [] };
  };
  return {
    rows: 16,
    bytes: 0,
    files: [],
    sources: [],
    microBatchesPerEpoch: 8,
    microBatch,
    cursor: { rows: 16, microBatchesPerEpoch: 8 },
    largest: async () => [],
    summary: () => Promise.reject(new Error("not asked for")),
    close: async () => {},
  };
}

/** LoRA of PEFT's on the tiny model of its fixture, two micro-batches a step. */
export function testRun(options: TestRunOptions = {}): TestRun {
  const { restored, lossScale } = options;
  const directory = mkdtempSync(join(tmpdir(), "tunewright-loop-"));
  const { config: loaded } = loadTrainingConfig(undefined, {
    output_dir: directory,
    model_name_or_path: "tiny",
    train_file: "rows.jsonl",
    use_cpu: true,
    lora_rank: 4,
    gradient_accumulation_steps: 2,
    max_steps: 4,
    learning_rate: 0.01,
    logging_steps: 1,
    save_strategy: "no",
    ...options.config,
  });
  const { config: fitted } = resolveForDevice(loaded, {
    device: "cpu",
    bf16: true,
    pagedMemory: false,
  });
  const config: DeviceConfig = { ...fitted, lossScaling: lossScale !== undefined };
  const model = loadModel(join(fixtures, "model/untied"));
  loadAdapter(model, join(fixtures, "lora/adapter"), { training: true });
  const parameters = trainableParameters(model);
  const optimizer = createOptimizer(parameters, { ...config, ...config.optimizer });
  if (restored) {
    for (const [name, value] of restored.parameters) {
      tidy(() => {
        parameters.get(name)!.detach().copy_(value);
      });
    }
    optimizer.restore(restored.optimizer, restored.state.step);
  }
  const prepared = prepareModel(model, { dtype: "float32", isTraining: true });
  const gradients = createGradients(model);
  const state =
    restored?.state ??
    initialTrainerState({
      lossScale: lossScale ?? { value: 1, goodSteps: 0 },
      productDtype: "float32",
    });
  const scale = lossScale ? createLossScale(state.lossScale, "cpu") : null;
  const plan = planSteps(8, config);
  const events: EventRow[] = [];
  const recorder = openRecorder(directory, {
    state,
    plan,
    device: "cpu",
    flosPerToken: 6,
    lossScaling: config.lossScaling,
    peak: () => 1,
    readers: [(row) => events.push(row)],
    onTick: options.onTick,
  });
  const parts: TrainingParts = {
    config,
    prepared,
    plan,
    recorder,
    world: openWorld({}),
    data: rows(),
    evaluationData: undefined,
    benchmark: async () => false,
    objective: crossEntropy,
    update: { gradients, optimizer, lossScale: scale, maxGradNorm: config.max_grad_norm },
    pass: { groupTokens: 1024, keepBytes: Number.POSITIVE_INFINITY },
    sample: async () => false,
    save: async () => {
      options.save?.(run);
      return "saved";
    },
    finish: async () => {},
    say: () => {},
    tellLeftOut: () => {},
  };
  const run: TestRun = {
    parts,
    parameters,
    events,
    directory,
    close() {
      recorder.close();
      optimizer.dispose();
      prepared.dispose();
      disposeGradients(gradients);
      dispose([modelTensors(model), { ...scale }]);
    },
  };
  return run;
}
