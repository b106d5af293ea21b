/** A step that takes the memory of a real one and changes nothing. */
import type { PreparedModel, Sequence } from "../../models/index.js";
import { full, zeros } from "../../tensor/index.js";
import { hashKey } from "../../util/hash.js";
import type { DeviceConfig } from "../config/index.js";
import type { Objective } from "../objectives/objective.js";
import { optimizerStep, type StepParts } from "../optimizerStep.js";
import type { TrainingPassSettings } from "../pass.js";
import type { PassPlan } from "./splitting.js";

/** What a step is made of. */
export interface TrialParts {
  config: DeviceConfig;
  prepared: PreparedModel;
  objective: Objective;
  update: StepParts;
  pass: PassPlan;
}

/**
 * A batch with one group of sequences as large as they come. Long rows often leave room in their groups
 * that shorter ones of another batch fill.
 */
export function withFullGroup(batch: readonly Sequence[], groupTokens: number): Sequence[] {
  const [longest, second, ...others] = [...batch].sort(
    (one, other) => other.inputIds.length - one.inputIds.length,
  );
  if (!longest || !second) return [...batch];
  const room = groupTokens - longest.inputIds.length;
  if (room < 2) return [longest, second, ...others];
  const cut = { inputIds: second.inputIds.slice(0, room), labels: second.labels.slice(0, room) };
  return [longest, cut, ...others];
}

/** A sequence that is learnt from its first token to its last. */
export function denseSequence(length: number): Sequence {
  return { inputIds: new Int32Array(length), labels: new Int32Array(length) };
}

/**
 * A step that changes nothing: its loss is no number.
 *
 * @param watch is told of the parts of the pass
 */
export function tryStep(
  sequences: readonly Sequence[],
  parts: TrialParts,
  watch: Pick<TrainingPassSettings, "beforeHead" | "afterBackward"> = {},
): void {
  const { config, prepared, objective, update, pass } = parts;
  const { device } = prepared.model;
  update.gradients.flat.zero_();
  const rowLosses = zeros([sequences.length], { dtype: "float32", device });
  objective.trainingPass(prepared, sequences, update.gradients, {
    ...pass,
    ...watch,
    rowLosses,
    largestOnly: true,
    lossFactor: 1 / Math.max(1, objective.units(sequences)),
    gradientScale: update.lossScale?.value ?? null,
    dropoutKey: (branch) => hashKey(config.seed, 0, 0, branch),
  });
  const rows = zeros([sequences.length], { dtype: "float32", device });
  const losses = { loss: full([], Number.NaN, { dtype: "float32", device }), rows };
  optimizerStep({ ...update, lossScale: null }, losses, config.learning_rate);
}
