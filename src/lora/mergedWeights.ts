/** The weights of a model with its adapters merged, one layer after another. */
import type { WeightDType, WeightEntry } from "../format/index.js";
import {
  loadModel,
  type ModelConfig,
  type ModelPiece,
  type ModelPieces,
  modelPieces,
  openModelWeights,
  weightEntries,
} from "../models/index.js";
import { type DType, hold, trimMemory } from "../tensor/index.js";
import { collectGarbage } from "../util/collectGarbage.js";
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
  /** Frees the layer that was made last. */
  close(): void;
}

/**
 * Merges adapters into a model while it is written: no more than one layer, or the embedding with the
 * output head, is in memory at a time. Each weight keeps the type that it has in the files.
 *
 * @param path model directory or GGUF file
 * @param adapters directories of adapters, each alone, the lowest first; may be empty
 * @param dtype type of all weights instead
 * @throws FormatError, ConfigError where something is missing or does not fit
 */
export function mergedWeights(
  path: string,
  adapters: readonly string[],
  dtype?: DType,
): MergedWeights {
  const stored = storedTypes(path, dtype !== undefined);
  const types = new Set(stored.values());
  // In one 16-bit type everything is computed as with the adapter beside the model.
  const inMemory = types.size === 1 ? [...types][0]! : "float32";
  const merged = (wanted: ReadonlySet<string>) => {
    const isWanted = (name: string) => wanted.has(name);
    const model = loadModel(path, { dtype: inMemory, only: isWanted, trainsWeights: true });
    const wasTied = isTied(model);
    loadStack(model, adapters);
    mergeAdapters(model);
    return { model, wasTied };
  };
  const whole = hold(() => merged(new Set()));
  const { model, wasTied } = whole.result;
  const embeddingType = dtype ?? stored.get(model.embedding.name) ?? inMemory;
  const typeOf = (name: string) => dtype ?? stored.get(name) ?? embeddingType;
  const entries = weightEntries(model, typeOf);
  const pieces = piecesByName(modelPieces(model));
  whole.free();

  let piece: ModelPiece | undefined;
  let made = new Map<string, WeightEntry>();
  let close = () => {};
  const dataOf = (name: string) => {
    const wanted = pieces.get(name)!;
    if (piece !== wanted) {
      close();
      const { result, free } = hold(() => weightEntries(merged(wanted.names).model, typeOf));
      piece = wanted;
      made = new Map(result.map((entry) => [entry.name, entry]));
      close = () => {
        free();
        // Bytes that were handed out share the memory of their tensors.
        collectGarbage();
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
    close: () => close(),
  };
}

const dtypes: Partial<Record<WeightDType, DType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

function quantizedBase(path: string): ConfigError {
  return new ConfigError(`${path} is a quantized model, and adapters are not merged into those`, {
    why: "its weights would be rounded again, or written as if they had never been rounded",
    todo: "give the model that it was made from: --model BASE --adapter DIR",
  });
}

/** The data type of each weight of the files. @param converts whether all will be written in another */
function storedTypes(path: string, converts: boolean): Map<string, DType> {
  const source = openModelWeights(path);
  try {
    if (source.config.raw.quantization_config !== undefined) throw quantizedBase(path);
    return new Map(
      source.names().map((name) => {
        const { dtype } = source.info(name);
        const type = dtypes[dtype] ?? (converts ? "float32" : undefined);
        if (type) return [name, type];
        throw new FormatError(`${path}: ${name} has type ${dtype}`, {
          why: "merged models are written in float32, float16 or bfloat16",
          todo: "choose one of them: --dtype",
        });
      }),
    );
  } finally {
    source.close();
  }
}

function piecesByName({ outer, norms, layers }: ModelPieces): Map<string, ModelPiece> {
  const pieces = [outer, norms, ...layers];
  return new Map(pieces.flatMap((piece) => [...piece.names].map((name) => [name, piece] as const)));
}
