/**
 * Where in a model the first value came up that is no number. The step is computed again, branch by
 * branch, which costs as much as the step did; it happens only after one has failed.
 */
import type { MicroBatch, TrainingSequence } from "../../data/index.js";
import {
  embedTokens,
  headParameters,
  type ModelBranch,
  modelParameters,
  outerAdapters,
  packedGroup,
  packSequences,
} from "../../models/index.js";
import { recordBranches } from "../../nn/index.js";
import { dispose, type Tensor, tidy } from "../../tensor/index.js";
import { dropoutKeys } from "../dropoutKeys.js";
import { gradientNorm } from "../gradients.js";
import type { RowLoss } from "../stepRows.js";
import type { TrainingParts } from "../trainingParts.js";
import { nameList, notFinite } from "./finite.js";

/** What was found. */
export interface NonFiniteCause {
  /** Where it came up, such as `model.layers.3.mlp (forward)`. */
  layer: string;
  /** Weights that are not finite themselves, so that no choice of rows helps. */
  weights: string[];
  /** The rows that it comes up with; all of the step where it is not one of them alone. */
  rows: RowLoss[];
}

/**
 * Computes a step again that was not finite.
 *
 * @param rows of the step, with their losses
 * @param step that lie behind
 */
export function findNonFinite(
  parts: TrainingParts,
  window: readonly MicroBatch[],
  rows: readonly RowLoss[],
  step: number,
): NonFiniteCause {
  const weights = badWeights(parts);
  const forward = firstBadBranch(parts, window, step);
  const culprits = rows.filter(({ loss }) => !Number.isFinite(loss));
  if (forward !== undefined || culprits.length > 0) {
    const layer = `${forward ?? "the output head"} (forward)`;
    return { layer, weights, rows: culprits.length > 0 ? culprits : [...rows] };
  }
  const backward = badGradients(parts, window, step);
  const alone = backward.sequences.map(({ source }) => `${source.file}:${source.line}`);
  const named = rows.filter(({ file, line }) => alone.includes(`${file}:${line}`));
  return {
    layer: `${backward.layer} (backward)`,
    weights,
    rows: named.length > 0 ? named : [...rows],
  };
}

/** Names of weights that are not finite, trained or not. */
function badWeights({ prepared: { model } }: TrainingParts): string[] {
  const named = modelParameters(model).map(({ name, tensor }) => [name, tensor] as const);
  const known = new Set(named.map(([, tensor]) => tensor));
  const coded = model.branches.flatMap(({ linears }) =>
    Object.values(linears).flatMap((linear) => {
      const name = nameList(linear.parts.map((part) => part.name));
      return linear
        .tensors()
        .flatMap((tensor) => (known.has(tensor) ? [] : [[name, tensor] as const]));
    }),
  );
  return [...new Set(notFinite([...named, ...coded]))];
}

/** The first branch of the forward pass whose output is not finite, or the embedding. */
function firstBadBranch(
  parts: TrainingParts,
  window: readonly MicroBatch[],
  step: number,
): string | undefined {
  const { prepared, update, pass } = parts;
  const { model } = prepared;
  const { branches } = model;
  let first = branches.length;
  let isEmbedding = false;
  window.forEach(({ sequences }, part) => {
    if (sequences.length === 0) return;
    const keyOf = dropoutKeys(parts, step, part);
    tidy(() => {
      packSequences(sequences, pass.groupTokens, model.device).forEach((packed) => {
        const group = packedGroup(prepared, packed);
        let x = embedTokens(model, packed.ids);
        if (isBad(x)) isEmbedding = true;
        for (let number = 0; number < first && !isEmbedding; number++) {
          pass.beforeBranch?.();
          const dropoutKey = () => keyOf(number);
          const { outputs, records } = recordBranches(
            [branches[number]!],
            [x],
            [group],
            update.gradients.views,
            { bytes: 0 },
            { dropoutKey, inputsNeedGradients: false },
          );
          dispose(records.flat().map(({ notes }) => notes));
          x.dispose();
          x = outputs[0]!;
          if (isBad(x)) first = number;
        }
        x.dispose();
      });
    });
  });
  prepared.weights.close();
  if (isEmbedding) return model.embedding.name;
  return branches[first]?.name;
}

const isBad = (x: Tensor) => notFinite([["", x]]).length > 0;

/** Which sequences have gradients that are not finite, each alone; and where these come up. */
function badGradients(
  parts: TrainingParts,
  window: readonly MicroBatch[],
  step: number,
): { layer: string; sequences: TrainingSequence[] } {
  const { gradients } = parts.update;
  const found: TrainingSequence[] = [];
  let layer: string | undefined;
  const look = (sequences: readonly TrainingSequence[], place: number) => {
    gradients.flat.zero_();
    addGradients(parts, window, sequences, step, place);
    const isGood = tidy(() => Number.isFinite(gradientNorm(gradients).item()));
    if (!isGood) layer ??= lastBadGradient(parts);
    return isGood;
  };
  window.forEach(({ sequences }, place) => {
    for (const one of sequences) if (!look([one], place)) found.push(one);
  });
  if (found.length === 0) {
    window.some(({ sequences }, place) => sequences.length > 0 && !look(sequences, place));
  }
  gradients.flat.zero_();
  return { layer: layer ?? "the sum over the step's rows", sequences: found };
}

function addGradients(
  parts: TrainingParts,
  window: readonly MicroBatch[],
  sequences: readonly TrainingSequence[],
  step: number,
  part: number,
): void {
  const { prepared, objective, update, pass } = parts;
  const units = objective.units(window.flatMap((batch) => batch.sequences));
  tidy(() => {
    objective.trainingPass(prepared, sequences, update.gradients, {
      ...pass,
      lossFactor: 1 / Math.max(1, units),
      gradientScale: null,
      dropoutKey: dropoutKeys(parts, step, part),
    });
  });
}

/** Where the backward pass, which goes from the last branch to the first, first gave what is no number. */
function lastBadGradient({ prepared: { model }, update }: TrainingParts): string {
  const bad = new Set(notFinite(update.gradients.views));
  const isIn = (parameters: readonly { name: string }[]) =>
    parameters.some(({ name }) => bad.has(name));
  if (isIn(headParameters(model)) || (model.output.adapter && isIn(outerAdapters(model)))) {
    return "the output head";
  }
  const branch = model.branches.findLast((one: ModelBranch) => isIn(one.parameters()));
  if (branch) return branch.name;
  // Each gradient is a number, and their squares overflow.
  return bad.size > 0 ? model.embedding.name : "the norm of all gradients";
}
