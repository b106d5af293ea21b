/** Walks over a model's description. */
import type { Parameter } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { CausalLanguageModel } from "./types.js";

/** Every parameter, each once: embedding, branches, the norms and weight of the output head. */
export function modelParameters({ embedding, branches, output }: CausalLanguageModel): Parameter[] {
  return [
    embedding,
    ...branches.flatMap((branch) => branch.parameters()),
    ...output.norms,
    ...(output.weight === embedding ? [] : [output.weight]),
  ];
}

/** Every tensor of a model, to free it or to count its memory. */
export function modelTensors({ embedding, branches, output }: CausalLanguageModel): Tensor[] {
  return [
    embedding.tensor,
    ...branches.flatMap(({ norms, linears }) => [
      ...norms.map(({ tensor }) => tensor),
      ...Object.values(linears).flatMap((linear) => linear.tensors()),
    ]),
    ...output.norms.map(({ tensor }) => tensor),
    ...(output.weight === embedding ? [] : [output.weight.tensor]),
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
