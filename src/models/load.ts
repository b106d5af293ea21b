/** From weight files to a model: names checked, values streamed chunk by chunk into their place. */
import { openModelWeights, type WeightDType, type WeightSource } from "../format/index.js";
import { denseLinear, type Linear } from "../nn/index.js";
import { type Device, type DType, empty, type Tensor, tensor, tidy } from "../tensor/index.js";
import { FormatError } from "../util/errors.js";
import { modelFamily } from "./registry.js";
import type { CausalLanguageModel, WeightReaderFunctions } from "./types.js";

/** Elements read at once: small beside any weight, large enough to be quick. */
const CHUNK = 1 << 18;

const dtypes: Partial<Record<WeightDType, DType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** How a model is loaded. */
export interface LoadOptions {
  /** Data type of the weights in memory; default: that of the files, float32 for GGUF. */
  dtype?: DType;
  device?: Device;
  /** Replaces each linear layer as it is loaded, for instance by a quantised one. */
  transform?: (layer: Linear, dtype: DType) => Linear;
}

/**
 * Loads a model from a directory in Hugging Face's layout or a GGUF file. At no time is more than
 * one chunk held beside the weights.
 *
 * @throws FormatError where a weight is missing or has another shape than config.json says;
 *   ConfigError where the family is not supported.
 */
export function loadModel(path: string, options: LoadOptions = {}): CausalLanguageModel {
  const source = openModelWeights(path);
  try {
    const family = modelFamily(source.config);
    return family.build(source.config, readerOf(source, path, options));
  } finally {
    source.close();
  }
}

function storedDType(source: WeightSource): DType {
  const name = source.names().find((candidate) => candidate.endsWith("embed_tokens.weight"));
  return (name && dtypes[source.info(name).dtype]) || "float32";
}

function readerOf(source: WeightSource, path: string, options: LoadOptions): WeightReaderFunctions {
  const dtype = options.dtype ?? storedDType(source);
  const device = options.device ?? "cpu";
  const names = new Set(source.names());

  const checked = (name: string, shape: readonly number[]) => {
    if (!names.has(name)) {
      throw new FormatError(`${path}: the weight ${name} is missing`, {
        why: `${names.size} weights are there, such as ${[...names].slice(0, 3).join(", ")}`,
        todo: "check that all shards are there and that config.json belongs to them",
      });
    }
    const { shape: found } = source.info(name);
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new FormatError(
        `${path}: ${name} has shape [${found}], but config.json asks for [${shape}]`,
      );
    }
  };

  const copyInto = (name: string, flat: Tensor, offset: number) => {
    for (const chunk of source.chunks(name, CHUNK)) {
      const type = dtypes[chunk.dtype];
      if (!type) {
        throw new FormatError(`${path}: ${name} holds ${chunk.dtype} where numbers are expected`);
      }
      tidy(() => {
        flat
          .narrow(0, offset + chunk.start, chunk.count)
          .copy_(tensor(chunk.data, [chunk.count], type));
      });
    }
  };

  const stacked: WeightReaderFunctions["stacked"] = (parts, columns) => {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const result = empty([rows, columns], { dtype, device });
    tidy(() => {
      const flat = result.view([-1]);
      let offset = 0;
      for (const part of parts) {
        checked(part.name, [part.rows, columns]);
        copyInto(part.name, flat, offset);
        offset += part.rows * columns;
      }
    });
    return result;
  };

  return {
    dtype,
    device,
    stacked,
    has: (name) => names.has(name),
    linear(weight, bias, parts) {
      const dense = denseLinear(weight, bias, parts);
      return options.transform ? options.transform(dense, dtype) : dense;
    },
    weight(name, shape) {
      checked(name, shape);
      const result = empty([...shape], { dtype, device });
      tidy(() => copyInto(name, result.view([-1]), 0));
      return result;
    },
    biases(parts) {
      const present = parts.filter(({ name }) => names.has(name));
      if (present.length === 0) return null;
      const result = empty([parts.reduce((sum, part) => sum + part.rows, 0)], {
        dtype,
        device,
      }).zero_();
      let offset = 0;
      for (const part of parts) {
        if (names.has(part.name)) {
          checked(part.name, [part.rows]);
          tidy(() => copyInto(part.name, result, offset));
        }
        offset += part.rows;
      }
      return result;
    },
  };
}
