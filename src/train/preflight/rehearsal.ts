/**
 * The memory of a run, from a rehearsal of it: model, optimizer and a step are made as the run makes
 * them, of tensors without memory, whose bytes are counted. No weight is read.
 */
import type { ModelPlace } from "../../generate/index.js";
import { modelTensors, type Sequence, trainableParameters } from "../../models/index.js";
import {
  dispose,
  rehearse,
  rehearsedMemory,
  resetRehearsedPeak,
  type Tensor,
  tidy,
} from "../../tensor/index.js";
import type { DeviceConfig } from "../config/index.js";
import { type PassPlan, type TrialParts, tryStep, withFullGroup } from "../memory/index.js";
import type { NewTokens } from "../newTokens.js";
import { crossEntropy } from "../objectives/crossEntropy.js";
import { choosePrecision } from "../precision.js";
import { loadTrainedModel } from "../trainedModel.js";
import { preparePasses, prepareUpdate } from "../update.js";

/** What is there for the whole run, in bytes. */
export interface StandingMemory {
  /** Weights that are not trained, in the type of the configuration. */
  weights: number;
  /** Weights in 4 bits. */
  quantized: number;
  /** What is trained, float32: adapters, or the whole model. */
  trained: number;
  gradients: number;
  optimizer: number;
}

/** What a step takes beside it at the most, in bytes. */
export interface StepMemory {
  /** Weights that were cast or dequantized for products and stay so. */
  prepared: number;
  /** Values that are kept for the backward pass. */
  kept: number;
  /** What is there for a moment at the peak, and what needs it. */
  working: number;
  peakOf: "forward" | "logits" | "backward" | "optimizer";
}

/** A run that is rehearsed. */
export interface RehearsedRun {
  standing: StandingMemory;
  /** The most that was there while the model was loaded. */
  loading: number;
  /**
   * Tries a step.
   *
   * @param sequences of a micro-batch, as many and as long as they come
   */
  step(sequences: readonly Sequence[], shortage?: Shortage): StepMemory;
}

/** What a run gives up where memory is short. */
export interface Shortage {
  /** Limits of its passes; default: none. */
  tightened?: Partial<PassPlan>;
  /** Whether prepared weights are made anew for each pass. Default false. */
  preparesAnew?: boolean;
}

export interface RehearsalParts {
  config: DeviceConfig;
  place: ModelPlace;
  tokens: NewTokens;
  /** Memory that is free before the model is loaded, bytes. */
  free: number;
}

/**
 * Rehearses a run as far as `use` does.
 *
 * @throws FormatError, ConfigError where the model cannot be loaded or adapted as configured
 */
export function rehearseRun<T>(parts: RehearsalParts, use: (run: RehearsedRun) => T): T {
  const closers: (() => void)[] = [];
  const { config } = parts;
  return rehearse(config.device, () => {
    try {
      return tidy(() => use(begin(parts, (close) => void closers.push(close))));
    } finally {
      for (const close of closers.reverse()) close();
    }
  });
}

const live = () => rehearsedMemory().liveBytes;

function begin(
  { config, place, tokens, free }: RehearsalParts,
  defer: (close: () => void) => void,
): RehearsedRun {
  const { device } = config;
  const nothing = live();
  resetRehearsedPeak();
  const { model } = loadTrainedModel(config, place, tokens, undefined, { withoutValues: true });
  defer(() => dispose(modelTensors(model)));
  const loading = rehearsedMemory().peakBytes - nothing;
  const loaded = live() - nothing;
  const run = { config, device, checkpoint: undefined, defer };
  const { dtype } = choosePrecision(config);
  const room = { free: Math.max(0, free - loaded) };
  const { prepared, pass } = preparePasses(run, model, dtype, room);
  const before = live();
  const update = prepareUpdate(run, model);
  const gradients = update.gradients.flat.nbytes;
  const bytes = (tensors: Iterable<Tensor>) =>
    [...tensors].reduce((sum, { nbytes }) => sum + nbytes, 0);
  const trained = bytes(trainableParameters(model).values());
  const quantized = bytes(modelTensors(model).filter((tensor) => tensor.dtype === "uint8"));
  const standing = {
    weights: loaded - trained - quantized,
    quantized,
    trained,
    gradients,
    optimizer: live() - before - gradients,
  };
  const step = { config, prepared, objective: crossEntropy, update };
  return {
    standing,
    loading,
    step(sequences, { tightened = {}, preparesAnew = false } = {}) {
      prepared.weights.dispose();
      if (preparesAnew) prepared.weights.letNothingStay();
      return watchedStep({ ...step, pass: { ...pass, ...tightened } }, sequences);
    },
  };
}

/** Memory of a step by the parts that it goes through. */
function watchedStep(parts: TrialParts, sequences: readonly Sequence[]): StepMemory {
  const { prepared, pass } = parts;
  const before = live();
  const peaks = { forward: 0, logits: 0, backward: 0, optimizer: 0 };
  let kept = 0;
  let phase: keyof typeof peaks = "forward";
  const enter = (next: keyof typeof peaks) => {
    peaks[phase] = Math.max(peaks[phase], rehearsedMemory().peakBytes - before);
    phase = next;
    resetRehearsedPeak();
  };
  resetRehearsedPeak();
  tidy(() =>
    tryStep(withFullGroup(sequences, pass.groupTokens), parts, {
      beforeHead() {
        if (phase !== "logits") {
          kept = Math.max(kept, live() - before - prepared.weights.stayingBytes);
        }
        enter("logits");
      },
      afterBackward(branch) {
        if (branch === prepared.model.branches.length) enter("backward");
        else if (branch === 0) enter("forward");
      },
    }),
  );
  // What followed the last branch is the optimizer's.
  phase = "optimizer";
  enter("optimizer");
  parts.update.gradients.flat.zero_();
  const [peakOf, peak] = Object.entries(peaks).reduce((most, one) =>
    one[1] > most[1] ? one : most,
  );
  const { stayingBytes } = prepared.weights;
  return {
    prepared: stayingBytes,
    kept,
    working: Math.max(0, peak - stayingBytes - kept),
    peakOf: peakOf as StepMemory["peakOf"],
  };
}
