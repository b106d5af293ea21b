/** Logits of a model of which one layer is in memory at a time. */
import {
  type CausalLanguageModel,
  embedTokens,
  loadModel,
  logitsOf,
  type ModelPiece,
  modelPieces,
  type PackedSequences,
  type PreparedModel,
  packedGroup,
  packSequences,
  prepareModel,
} from "../models/index.js";
import { constant, forwardBranches, tensorOf } from "../nn/index.js";
import { type Tensor, tidy } from "../tensor/index.js";
import { loadStack } from "./files.js";

/**
 * Logits of whole sequences, computed in float32 on the processor. The model is read once more from
 * its files, layer by layer.
 *
 * @param path model directory or GGUF file
 * @param adapters directories of adapters, each alone, the lowest first; may be empty
 * @param sequences token ids
 * @param weights factor on what each adapter adds, 1 where there is none
 * @returns [n, vocab] float32, of all sequences one after the other
 */
export function layeredLogits(
  path: string,
  adapters: readonly string[],
  sequences: readonly Int32Array[],
  weights: readonly number[] = [],
): Tensor {
  const load = (...pieces: readonly ModelPiece[]): CausalLanguageModel => {
    const isWanted = (name: string) => pieces.some(({ names }) => names.has(name));
    const model = loadModel(path, { dtype: "float32", only: isWanted });
    loadStack(model, adapters, { weights });
    return model;
  };
  const { outer, norms, layers } = tidy(() => modelPieces(load()));
  return tidy(() => {
    const [packed] = packTogether(sequences);
    let x = tidy(() => embedTokens(load(outer), packed!.ids)); // [n, dim]
    for (const layer of layers) {
      const next = withPrepared(load.bind(null, layer), (prepared) => {
        const branches = layer.branches.map((number) => prepared.model.branches[number]!);
        return forwardBranches(branches, [x], [packedGroup(prepared, packed!)])[0]!;
      });
      x = next;
    }
    return withPrepared(load.bind(null, outer, norms), (prepared) => {
      const hidden = tensorOf(prepared.model.output.norm(constant(x)));
      return logitsOf(prepared, hidden);
    });
  });
}

/** @returns one group of all sequences */
function packTogether(sequences: readonly Int32Array[]): PackedSequences[] {
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const unlabelled = sequences.map((inputIds) => ({
    inputIds,
    labels: new Int32Array(inputIds.length).fill(-100),
  }));
  return packSequences(unlabelled, tokens, "cpu");
}

function withPrepared(
  load: () => CausalLanguageModel,
  body: (prepared: PreparedModel) => Tensor,
): Tensor {
  return tidy(() => {
    const prepared = prepareModel(load(), { dtype: "float32", weightBytes: 0 });
    try {
      return body(prepared);
    } finally {
      prepared.dispose();
    }
  });
}
