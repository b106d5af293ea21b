/** Adapters as a GGUF adapter, which llama.cpp puts beside a model. */
import { type GgufEntry, type GgufField, ggufEntryBytes, writeGgufFile } from "../format/index.js";
import {
  type CausalLanguageModel,
  type GgufPart,
  ggufParts,
  interleaveRows,
  loadModel,
} from "../models/index.js";
import { cat, hold, type Tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { takesPart } from "./configFile.js";
import { loadStack, readAdapterTensor } from "./files.js";
import { shapeOf } from "./settings.js";
import { headName, isTied } from "./targets.js";

/** What one adapter adds to one layer. */
interface Product {
  directory: string;
  /** Name of the layer. */
  module: string;
  rank: number;
  /** [rank, in] and [out, rank] */
  shapes: { a: readonly number[]; b: readonly number[] };
  /** Factor on the product. */
  scale: number;
}

/** A file that is ready to be written. */
export interface GgufLoraPlan {
  bytes: number;
  /** Layers that it changes. */
  modules: number;
  write(path: string): void;
}

/**
 * Plans a GGUF adapter. Several adapters become one, whose rank is the sum of theirs.
 *
 * @param path of the base model, of which only names and shapes are read
 * @param directories of adapters, each alone
 * @param weights factor on what each adds
 * @throws ConfigError for adapters that do more than add products to linear layers
 */
export function planGgufLora(
  path: string,
  directories: readonly string[],
  weights: readonly number[],
  name: string,
): GgufLoraPlan {
  const read = hold(() => {
    const model = loadModel(path, { only: () => false });
    const own = directories.flatMap((directory, i) =>
      productsOf(model, directory, weights[i] ?? 1),
    );
    return { config: model.config, own };
  });
  const { config, own } = read.result;
  read.free();
  const byModule = new Map<string, Product[]>();
  for (const one of own) byModule.set(one.module, [...(byModule.get(one.module) ?? []), one]);
  const [first] = own;
  if (!first) throw new ConfigError("the adapter adds nothing");
  // llama.cpp multiplies by alpha / rank, with the rank of each layer.
  const alpha = first.scale * first.rank;
  const { architecture, parts } = ggufParts(config);
  const entries = [...byModule].flatMap(([module, products]) =>
    parts(`${module}.weight`, products[0]!.shapes.b[0]!).flatMap((part) =>
      pairOf(part, products, alpha),
    ),
  );
  const metadata = new Map<string, GgufField>([
    ["general.architecture", architecture],
    ["general.type", "adapter"],
    ["general.name", name],
    ["adapter.type", "lora"],
    ["adapter.lora.alpha", { float32: alpha }],
  ]);
  return {
    bytes: entries.reduce((sum, entry) => sum + ggufEntryBytes(entry), 0),
    modules: byModule.size,
    write: (file) => writeGgufFile(file, metadata, entries),
  };
}

function productsOf(model: CausalLanguageModel, directory: string, weight: number): Product[] {
  const { config, tensors, strength } = loadStack(model, [directory], { weights: [weight] })[0]!;
  if (takesPart(config.init_lora_weights)) {
    throw unsaid(
      directory,
      `a change of the model (init_lora_weights ${config.init_lora_weights})`,
    );
  }
  if (config.vocabulary_rows !== null) throw unsaid(directory, "tokens that the model lacks");
  const shapes = new Map(tensors.map(({ name, parameter }) => [name, parameter.tensor.shape]));
  return tensors.flatMap(({ name }) => {
    const [, module, matrix] = /^(.*)\.lora_([AB])\.weight$/.exec(name) ?? [];
    if (module === undefined) throw unsaid(directory, name);
    if (matrix === "B") return [];
    const isHead = module === headName(model);
    if (isHead && (isTied(model) || model.output.normalizesRows)) {
      throw unsaid(directory, `${module}, which is the embedding too, or is divided by its norms`);
    }
    const { rank, scale } = shapeOf(config, module);
    const a = shapes.get(name)!;
    const b = shapes.get(`${module}.lora_B.weight`)!;
    return [{ directory, module, rank, shapes: { a, b }, scale: scale * strength.value }];
  });
}

function unsaid(directory: string, what: string): ConfigError {
  return new ConfigError(`${directory} cannot be written as a GGUF adapter`, {
    why: `it has more than products that are added to linear layers: ${what}`,
    todo: "export the model with the adapter merged: --to gguf",
  });
}

/** The two matrices of a tensor. */
function pairOf(part: GgufPart, products: readonly Product[], alpha: number): GgufEntry[] {
  const rank = products.reduce((sum, one) => sum + one.rank, 0);
  const values = (make: () => Tensor) => () => tidy(() => make().contiguous().bytes().slice());
  return [
    {
      name: `${part.name}.lora_a`,
      type: "F32",
      shape: [rank, products[0]!.shapes.a[1]!],
      data: values(() => cat(products.map((one) => matrixOf(one, "A")))),
    },
    {
      name: `${part.name}.lora_b`,
      type: "F32",
      shape: [part.rows, rank],
      data: () => {
        const rowsOf = (all: Tensor) =>
          cat(part.runs.map(({ first, rows }) => all.narrow(0, first, rows)));
        const scaled = values(() =>
          cat(
            products.map((one) => rowsOf(matrixOf(one, "B")).mul((one.scale * rank) / alpha)),
            1,
          ),
        )();
        return interleaveRows(scaled, part);
      },
    },
  ];
}

function matrixOf({ directory, module, shapes }: Product, matrix: "A" | "B"): Tensor {
  const shape = matrix === "A" ? shapes.a : shapes.b;
  return readAdapterTensor(directory, `${module}.lora_${matrix}.weight`, shape);
}
