/**
 * Where in a model the first value came up that is no number. The step is computed again, branch by
 * branch, which costs as much as the step did; it happens only after one has failed.
 */
import type { MicroBatch, TrainingSequence } from "../../data/index.js";
import {
  embedTokens,
  headParameters,
  modelParameters,
  packedGroup,
  packSequences,
} from "../../models/index.js";
import { type Linear, recordBranches } from "../../nn/index.js";
import { dispose, type Tensor, tidy } from "../../tensor/index.js";
import { dropoutKeys } from "../dropoutKeys.js";
import { gradientNorm } from "../gradients.js";
import type { RowLoss } from "../stepRows.js";
import type { TrainingParts } from "../trainingParts.js";
import { notFinite } from "./finite.js";

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

/** Names of weights that are not finite, trained or not; of layers in a stack, the single ones. */
function badWeights({ prepared: { model } }: TrainingParts): string[] {
  const named = modelParameters(model).map(({ name, tensor }) => [name, tensor] as const);
  const linears = model.branches.flatMap((branch) => Object.values(branch.linears));
  const parts = linears.flatMap((linear) => badParts(linear));
  const isStack = (name: string) => name.includes("+") && name.endsWith(".weight");
  return [...new Set([...notFinite(named).filter((name) => !isStack(name)), ...parts])];
}

/** Layers of a stack whose weights are not finite, whatever they are stored in. */
function badParts(linear: Linear): string[] {
  if (notFinite(linear.tensors().map((tensor) => ["", tensor])).length === 0) return [];
  return tidy(() => {
    const weight = linear.denseWeight("float32");
    return notFinite(
      linear.parts.map(({ name, start, outFeatures }) => [
        `${name}.weight`,
        weight.narrow(0, start, outFeatures),
      ]),
    );
  });
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
        if (isNotFinite(x)) isEmbedding = true;
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
          if (isNotFinite(x)) first = number;
        }
        x.dispose();
      });
    });
  });
  prepared.weights.close();
  if (isEmbedding) return model.embedding.name;
  return branches[first]?.name;
}

const isNotFinite = (x: Tensor) => notFinite([["", x]]).length > 0;

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
    const first = addGradients(parts, window, sequences, step, place);
    const isGood = tidy(() => Number.isFinite(gradientNorm(gradients).item()));
    if (!isGood) layer ??= first;
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

/**
 * Adds the gradients of some sequences of a step.
 *
 * @returns where the backward pass, which goes from the last branch to the first, first gave what is
 *   no number, or what is too large to be squared for the norm
 */
function addGradients(
  parts: TrainingParts,
  window: readonly MicroBatch[],
  sequences: readonly TrainingSequence[],
  step: number,
  part: number,
): string {
  const { prepared, objective, update, pass } = parts;
  const { model } = prepared;
  const units = objective.units(window.flatMap((batch) => batch.sequences));
  const { views } = update.gradients;
  const isBadIn = (parameters: readonly { name: string }[]) =>
    notFinite(
      parameters.flatMap(({ name }) =>
        views.has(name) ? [[name, views.get(name)!] as const] : [],
      ),
      2,
    ).length > 0;
  const { norms, weight, adapter } = model.output;
  const head = [...norms, weight, ...(adapter?.parameters() ?? [])];
  let first: string | undefined;
  tidy(() => {
    objective.trainingPass(prepared, sequences, update.gradients, {
      ...pass,
      lossFactor: 1 / Math.max(1, units),
      gradientScale: null,
      dropoutKey: dropoutKeys(parts, step, part),
      afterBackward(number, byInputs) {
        if (first !== undefined) return;
        const branch = model.branches[number];
        const isBad = byInputs.some(isNotFinite) || isBadIn(branch?.parameters() ?? head);
        if (isBad) first = branch?.name ?? "the output head";
      },
    });
  });
  if (first !== undefined) return first;
  if (isBadIn(headParameters(model))) return "the output head";
  const isEmbedding = notFinite(views, 2).length > 0;
  // Each gradient has a norm, and the sum of their squares overflows.
  return isEmbedding ? model.embedding.name : "the norm of all gradients";
}
