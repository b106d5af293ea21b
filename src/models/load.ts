/** From weight files to a model: names checked, values streamed chunk by chunk into their place. */
import type { StoredFourBit, WeightDType, WeightInfo } from "../format/index.js";
import {
  denseLinear,
  type Linear,
  nameStack,
  parameter,
  type StoredRows,
  storedLayer,
} from "../nn/index.js";
import {
  type Device,
  type DType,
  dispose,
  empty,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { openModelWeights } from "./openModel.js";
import { foldOutput } from "./output.js";
import { modelFamily } from "./registry.js";
import { readStoredRows } from "./storedRows.js";
import type { CausalLanguageModel, ModelReader, ModelSource } from "./types.js";
import { readDTypes } from "./weightTypes.js";

/** Elements read at once: small beside any weight, large enough to be quick. */
const CHUNK = 1 << 18;

/** @param stored what the file holds of each part in 4 bits, where it does of all of them */
export type LayerTransform = (
  layer: Linear,
  dtype: DType,
  stored?: readonly StoredFourBit[],
) => Linear;

/** How a model is loaded. */
export interface LoadOptions {
  /** Data type of the weights in memory; default: that of the files, float32 for GGUF. */
  dtype?: DType;
  device?: Device;
  /** Replaces each linear layer as it is loaded, for instance by a quantized one. */
  transform?: LayerTransform;
  /** Loads only these weights, by name; the others stay on the `meta` device. A stack comes as a whole. */
  only?: (name: string) => boolean;
  /**
   * Whether frozen weights of linear layers stay in memory as the file has them, where products of a few
   * rows read them so: for models that answer, on a processor and in float32.
   */
  asStored?: boolean;
  /** Whether the base weights will be trained: what could be computed once at load then is not. */
  trainsWeights?: boolean;
  /** For a rehearsal: names, shapes and types are checked, and no value is read. */
  withoutValues?: boolean;
}

/**
 * Loads a model from a directory in Hugging Face's layout or a GGUF file. At no time is more than
 * one chunk held beside the weights.
 *
 * @throws FormatError where a weight is missing, has another shape than config.json says, or is not
 *   the model's; ConfigError where the family is not supported.
 */
export function loadModel(path: string, options: LoadOptions = {}): CausalLanguageModel {
  const source = openModelWeights(path);
  try {
    const { config } = source;
    const family = modelFamily(config.model_type);
    family.check(config);
    const unread = new Set(source.names());
    const storedTypes = new Set<string>();
    const model = family.build(config, readerOf(source, path, options, unread, storedTypes));
    refuseUnread(path, unread, config);
    if (!options.trainsWeights) foldOutput(model);
    if (staysStored(options, model.dtype)) keepStoredHead(model, source, storedTypes);
    if (storedTypes.size > 0) model.storedTypes = [...storedTypes];
    return model;
  } finally {
    source.close();
  }
}

function staysStored(options: LoadOptions, dtype: DType): boolean {
  const { asStored = false, device = "cpu", only, withoutValues = false } = options;
  return asStored && device === "cpu" && dtype === "float32" && !only && !withoutValues;
}

function keepStoredHead(
  { output }: CausalLanguageModel,
  source: ModelSource,
  types: Set<string>,
): void {
  if (output.normalizesRows || output.isNormalized) return;
  const rows = readStoredRows(source, output.weight.name);
  if (!rows) return;
  output.stored = { rows, isShared: false };
  for (const { type } of rows) types.add(type);
}

/** A weight that nothing reads means that the model would compute something else. */
function refuseUnread(path: string, unread: ReadonlySet<string>, config: ModelConfig): void {
  const [first] = unread;
  if (first === undefined) return;
  throw new FormatError(`${path}: unknown weight ${first} for a ${config.model_type} model`, {
    why: `${unread.size} weights of the file are unknown, and the model would be computed without them`,
    todo: "check that config.json belongs to these weights",
  });
}

function storedDType(source: ModelSource): DType {
  const isOwn = ({ shape, dtype, storedType }: WeightInfo) =>
    shape.length === 2 && (source.kind === "gguf" || storedType === dtype);
  const name = source.names().find((candidate) => isOwn(source.info(candidate)));
  return (name && readDTypes[source.info(name).dtype]) || "float32";
}

function readerOf(
  source: ModelSource,
  path: string,
  options: LoadOptions,
  unread: Set<string>,
  storedTypes: Set<string>,
): ModelReader {
  const dtype = options.dtype ?? storedDType(source);
  const device = options.device ?? "cpu";
  const names = new Set(source.names());

  const checked = (name: string, shape: readonly number[]) => {
    if (!names.has(name)) {
      throw new FormatError(`${path}: the weight ${name} is missing`, {
        why: `the file has ${names.size} weights, for example ${[...names].slice(0, 3).join(", ")}`,
        todo: "check that all shards are present and that config.json belongs to them",
      });
    }
    const { shape: found } = source.info(name);
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new FormatError(
        `${path}: ${name} has shape [${found}], but config.json asks for [${shape}]`,
      );
    }
  };

  const typeOf = (name: string, stored: WeightDType): DType => {
    const type = readDTypes[stored];
    if (type) return type;
    throw new FormatError(
      `${path}: ${name} has type ${stored}, which is not supported for weights`,
    );
  };

  const copyInto = (name: string, flat: Tensor, offset: number) => {
    unread.delete(name);
    if (options.withoutValues) {
      typeOf(name, source.info(name).dtype);
      return;
    }
    for (const chunk of source.chunks(name, CHUNK)) {
      const type = typeOf(name, chunk.dtype);
      tidy(() => {
        flat
          .narrow(0, offset + chunk.start, chunk.count)
          .copy_(tensor(chunk.data, [chunk.count], type));
      });
    }
  };

  /** Parts one after the other in one tensor; parts that are missing are zero. */
  const read = (
    parts: readonly { name: string; rows: number }[],
    rest: readonly number[],
    optional = false,
  ) => {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    if (options.only && !parts.some(({ name }) => options.only?.(name))) {
      for (const { name, rows: count } of parts) {
        if (!optional || names.has(name)) checked(name, [count, ...rest]);
        unread.delete(name);
      }
      return empty([rows, ...rest], { dtype, device: "meta" });
    }
    const result = empty([rows, ...rest], { dtype, device });
    if (optional) result.zero_();
    tidy(() => {
      const flat = result.view([-1]);
      const width = rest.reduce((product, size) => product * size, 1);
      let offset = 0;
      for (const part of parts) {
        if (!optional || names.has(part.name)) {
          checked(part.name, [part.rows, ...rest]);
          copyInto(part.name, flat, offset);
        }
        offset += part.rows * width;
      }
    });
    return result;
  };

  /** Parts as the file has them, if all of them can stay so. */
  const asStored = (parts: readonly { name: string; rows: number }[], width: number) => {
    const rows: StoredRows[] = [];
    for (const part of parts) {
      checked(part.name, [part.rows, width]);
      const own = readStoredRows(source, part.name);
      if (!own) {
        dispose(rows);
        return null;
      }
      rows.push(...own);
    }
    for (const { name } of parts) unread.delete(name);
    for (const { type } of rows) storedTypes.add(type);
    return rows;
  };

  return {
    dtype,
    device,
    has: (name) => names.has(name),
    leaveOut: (name) => void unread.delete(name),
    parameter: (name, [rows = 1, ...rest]) => parameter(name, read([{ name, rows }], rest)),
    stack(prefix, outFeatures, inFeatures) {
      const { name, parts } = nameStack(prefix, outFeatures);
      const stored = (suffix: string) =>
        parts.map((part) => ({ name: `${part.name}.${suffix}`, rows: part.outFeatures }));
      const rows = staysStored(options, dtype) ? asStored(stored("weight"), inFeatures) : null;
      const weight = rows ?? parameter(`${name}.weight`, read(stored("weight"), [inFeatures]));
      const bias = stored("bias").some((part) => names.has(part.name))
        ? parameter(`${name}.bias`, read(stored("bias"), [], true))
        : null;
      const dense =
        "tensor" in weight
          ? denseLinear(weight, bias, parts)
          : storedLayer(parts, inFeatures, weight, bias);
      if (!options.transform) return dense;
      if (options.withoutValues) return options.transform(dense, dtype);
      const fourBit = parts.flatMap((part) => source.fourBit?.(`${part.name}.weight`) ?? []);
      return options.transform(dense, dtype, fourBit.length === parts.length ? fourBit : undefined);
    },
  };
}
