/** Walks over a model's description. */
import type { Parameter } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { CausalLanguageModel, ModelBranch } from "./types.js";

/** Weights of a branch outside its linear layers: its norms, and its router. */
export function ownWeights({ norms, router }: Pick<ModelBranch, "norms" | "router">): Parameter[] {
  return router ? [...norms, router] : [...norms];
}

/** The output head's own parameters: its norms, and its weight where that is not the embedding. */
export function headParameters({ embedding, output }: CausalLanguageModel): Parameter[] {
  return [...output.norms, ...(output.weight === embedding ? [] : [output.weight])];
}

/** Before the weight of the head changes: the form in which its file had it is no longer the same. */
export function forgetStoredHead({ output }: CausalLanguageModel): void {
  if (!output.stored?.isShared)
    for (const { tensor } of output.stored?.rows ?? []) tensor.dispose();
  delete output.stored;
}

/** Parameters of adapters of embedding and output head. */
export function outerAdapters({ embeddingAdapter, output }: CausalLanguageModel): Parameter[] {
  return [...(embeddingAdapter?.parameters() ?? []), ...(output.adapter?.parameters() ?? [])];
}

/** Every parameter, each once: embedding, branches, output head, adapters. */
export function modelParameters(model: CausalLanguageModel): Parameter[] {
  const { embedding, branches } = model;
  return [
    embedding,
    ...branches.flatMap((branch) => branch.parameters()),
    ...headParameters(model),
    ...outerAdapters(model),
  ];
}

/** Every tensor of a model, to free it or to count its memory. */
export function modelTensors(model: CausalLanguageModel): Tensor[] {
  const { embedding, branches, embeddingAdapter, output } = model;
  return [
    embedding.tensor,
    ...branches.flatMap((branch) => [
      ...ownWeights(branch).map(({ tensor }) => tensor),
      ...Object.values(branch.linears).flatMap((linear) => linear.tensors()),
    ]),
    ...headParameters(model).map(({ tensor }) => tensor),
    ...(embeddingAdapter?.tensors() ?? []),
    ...(output.stored?.rows.map(({ tensor }) => tensor) ?? []),
    ...(output.adapter?.tensors() ?? []),
  ];
}

/** The tensors that training changes, by name. */
export function trainableParameters(model: CausalLanguageModel): Map<string, Tensor> {
  const trained = modelParameters(model).filter(({ trainable }) => trainable);
  return new Map(trained.map(({ name, tensor }) => [name, tensor]));
}

/** Marks every parameter as trained, for full fine-tuning. */
export function trainAllParameters(model: CausalLanguageModel): void {
  for (const parameter of modelParameters(model)) parameter.trainable = true;
}
