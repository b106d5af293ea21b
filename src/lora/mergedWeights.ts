/** The weights of a model with its adapters merged, one layer after another. */
import type { WeightEntry } from "../format/index.js";
import {
  asLlama,
  loadModel,
  type ModelConfig,
  type ModelPiece,
  type ModelPieces,
  modelPieces,
  openModelWeights,
  weightEntries,
  writtenDTypes,
} from "../models/index.js";
import { type DType, hold, trimMemory } from "../tensor/index.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { loadStack } from "./files.js";
import { mergeAdapters } from "./merge.js";
import { isTied } from "./targets.js";

/** A merged model that is still to be written. */
export interface MergedWeights {
  config: ModelConfig;
  /** Every weight, made when it is asked for; those of a layer should follow each other. */
  entries: WeightEntry[];
  /** Whether embedding and output head were one weight and are two now. */
  becameUntied: boolean;
  /** Weights that the files hold as codes, by what those are called (`Q4_1`), and in which type they are written. */
  dequantized: { names: readonly string[]; forms: readonly string[]; dtype: DType } | null;
  /** Frees the layer that was made last. */
  close(): void;
}

/** How a merged model is written. */
export interface MergeOptions {
  /** Type of all weights; default: each has that which it has in the files. */
  dtype?: DType | undefined;
  /** Takes weights that bitsandbytes quantized as the values that their codes stand for. Default false. */
  dequantizes?: boolean;
  /** Writes a model of another family as a Llama. Default false. */
  asLlama?: boolean;
  /** Factor on what each adapter adds, 1 where there is none. */
  weights?: readonly number[];
}

/**
 * Merges adapters into a model while it is written: no more than one layer, or the embedding with the
 * output head, is in memory at a time.
 *
 * @param path model directory or GGUF file
 * @param adapters directories of adapters, each alone, the lowest first; may be empty
 * @throws FormatError, ConfigError where something is missing or does not fit
 */
export function mergedWeights(
  path: string,
  adapters: readonly string[],
  { dtype, dequantizes = false, asLlama: toLlama = false, weights = [] }: MergeOptions = {},
): MergedWeights {
  const { types: stored, codes } = storedTypes(path, { dtype, dequantizes });
  const types = new Set([...stored.values(), ...(dtype ? [dtype] : [])]);
  // In one 16-bit type everything is computed as with the adapter beside the model.
  const inMemory = types.size === 1 && codes.size === 0 ? [...types][0]! : "float32";
  const merged = (wanted: ReadonlySet<string>) => {
    const isWanted = (name: string) => wanted.has(name);
    const model = loadModel(path, { dtype: inMemory, only: isWanted, trainsWeights: true });
    const wasTied = isTied(model);
    loadStack(model, adapters, { weights });
    mergeAdapters(model);
    const pieces = modelPieces(model);
    const cutFrom = toLlama ? asLlama(model) : new Map<string, string>();
    return { model, wasTied, pieces, cutFrom };
  };
  const whole = hold(() => merged(new Set()));
  const { model, wasTied, cutFrom } = whole.result;
  const embeddingType = dtype ?? stored.get(model.embedding.name) ?? inMemory;
  const inFile = (name: string) => cutFrom.get(name) ?? name;
  const typeOf = (name: string) => dtype ?? stored.get(inFile(name)) ?? embeddingType;
  const entries = weightEntries(model, typeOf);
  const pieces = piecesByName(whole.result.pieces);
  whole.free();

  let piece: ModelPiece | undefined;
  let made = new Map<string, WeightEntry>();
  let close = () => {};
  const dataOf = (name: string) => {
    const wanted = pieces.get(inFile(name))!;
    if (piece !== wanted) {
      close();
      const { result, free } = hold(() => weightEntries(merged(wanted.names).model, typeOf));
      piece = wanted;
      made = new Map(result.map((entry) => [entry.name, entry]));
      close = () => {
        free();
        trimMemory();
        piece = undefined;
        close = () => {};
      };
    }
    return made.get(name)!.data();
  };
  const tied = isTied(model);
  return {
    config: { ...model.config, tie_word_embeddings: tied, dtype: embeddingType },
    entries: entries.map((entry) => ({ ...entry, data: () => dataOf(entry.name) })),
    becameUntied: wasTied && !tied,
    dequantized: dequantizedOf(codes, typeOf),
    close: () => close(),
  };
}

function quantizedBase(path: string): ConfigError {
  return new ConfigError(`${path} is a quantized model, and adapters are not merged into those`, {
    why: "its weights would be rounded again, or written as if they had never been rounded",
    todo: "give the model that it was made from: --model BASE --adapter DIR; or write the rounded weights as values: tunewright export --to safetensors",
  });
}

/** What the files hold. */
interface StoredTypes {
  /** The data type of each weight. */
  types: Map<string, DType>;
  /** Of weights that are stored as codes, what those are called. */
  codes: Map<string, string>;
}

function storedTypes(path: string, { dtype, dequantizes }: MergeOptions): StoredTypes {
  const source = openModelWeights(path);
  try {
    const { config } = source;
    const isQuantized = config.raw.quantization_config !== undefined;
    if (isQuantized && !dequantizes) throw quantizedBase(path);
    const computed =
      Object.values(writtenDTypes).find((type) => type === config.dtype) ?? "float16";
    const types = new Map<string, DType>();
    const codes = new Map<string, string>();
    for (const name of source.names()) {
      const { dtype: file, storedType } = source.info(name);
      if (storedType !== file) codes.set(name, storedType);
      // A value behind a code of bitsandbytes is given in float32, whatever it is computed in.
      const known = isQuantized && codes.has(name) ? computed : writtenDTypes[file];
      const type = known ?? (dtype && "float32");
      if (!type) {
        throw new FormatError(`${path}: ${name} has type ${file}`, {
          why: "models are written in float32, float16 or bfloat16",
          todo: "choose one of them: --dtype",
        });
      }
      types.set(name, type);
    }
    return { types, codes };
  } finally {
    source.close();
  }
}

function dequantizedOf(
  codes: ReadonlyMap<string, string>,
  typeOf: (name: string) => DType,
): MergedWeights["dequantized"] {
  const names = [...codes.keys()];
  if (names.length === 0) return null;
  return { names, forms: [...new Set(codes.values())], dtype: typeOf(names[0]!) };
}

function piecesByName({ outer, norms, layers }: ModelPieces): Map<string, ModelPiece> {
  const pieces = [outer, norms, ...layers];
  return new Map(pieces.flatMap((piece) => [...piece.names].map((name) => [name, piece] as const)));
}
