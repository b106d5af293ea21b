/** A model in pieces that are loaded one at a time, where the whole would not fit into memory. */
import type { Linear } from "../nn/index.js";
import { ownWeights } from "./parameters.js";
import type { CausalLanguageModel, ModelBranch } from "./types.js";

/** Names of weights that are loaded together, as files have them, and the layer that they make. */
export interface ModelPiece {
  names: ReadonlySet<string>;
  /** Numbers of its branches in the model; none for what lies outside the layers. */
  branches: readonly number[];
}

/** The pieces of a model: embedding and output head, the norms before the head, and each layer. */
export interface ModelPieces {
  outer: ModelPiece;
  norms: ModelPiece;
  layers: readonly ModelPiece[];
}

/** Takes a model apart. @param model its tensors may lie on the `meta` device */
export function modelPieces({ embedding, branches, output }: CausalLanguageModel): ModelPieces {
  const layers = new Map<number, { names: Set<string>; branches: number[] }>();
  branches.forEach((branch, number) => {
    const layer = layers.get(branch.layer) ?? { names: new Set(), branches: [] };
    for (const name of branchNames(branch)) layer.names.add(name);
    layer.branches.push(number);
    layers.set(branch.layer, layer);
  });
  const alone = (names: string[]): ModelPiece => ({ names: new Set(names), branches: [] });
  return {
    outer: alone([embedding.name, output.weight.name]),
    norms: alone(output.norms.map(({ name }) => name)),
    layers: [...layers.values()],
  };
}

function branchNames(branch: ModelBranch): string[] {
  return [
    ...ownWeights(branch).map(({ name }) => name),
    ...Object.values(branch.linears).flatMap(linearNames),
  ];
}

function linearNames({ parts }: Linear): string[] {
  return parts.flatMap(({ name }) => [`${name}.weight`, `${name}.bias`]);
}
