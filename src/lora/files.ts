/** Adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors, or adapter_model.bin of old versions. */
import { existsSync } from "node:fs";
import path from "node:path";
import {
  openSafetensors,
  openTorchFile,
  type WeightEntry,
  type WeightReader,
  writeSafetensors,
} from "../format/index.js";
import { type CausalLanguageModel, readDTypes } from "../models/index.js";
import { type Device, empty, noGrad, type Tensor, tensor, tidy } from "../tensor/index.js";
import { type ErrorDetail, FormatError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import { adapterWeights } from "../util/weightFiles.js";
import type { AdapterTensor } from "./adapterTensor.js";
import { type AttachedAdapter, type AttachOptions, attachAdapter } from "./attach.js";
import type { TensorSource } from "./attaching.js";
import {
  type AdapterConfig,
  readAdapterConfig,
  takesPart,
  writeAdapterConfig,
} from "./configFile.js";
import { plainConfig, plainTensor } from "./convert.js";
import { setStrength } from "./strength.js";

const [WEIGHTS, PICKLE] = adapterWeights;
const PREFIX = "base_model.model.";

/** Where the adapters under one are kept beside it, relative to its directory. */
const belowName = (number: number) => `below/${number}`;

/**
 * Directories of an adapter and of those under it, the lowest first.
 *
 * @throws FormatError where one of them is missing
 */
export function adapterStack(directory: string): string[] {
  const below = readAdapterConfig(directory).adapters_below.flatMap((name) => {
    const lower = path.join(directory, name);
    if (existsSync(lower)) return adapterStack(lower);
    throw new FormatError(`${directory}: the adapter under it, ${name}, is missing`, {
      why: "it was trained on top of that one, and computes something else without it",
      todo: `copy ${name} from where the adapter was made`,
    });
  });
  return [...below, directory];
}

/**
 * Puts the adapter in a directory on a model, in place, above those that lie under it.
 *
 * @param options.training trains it, with its dropout; those below stay as they are
 * @returns all of them, the lowest first
 * @throws FormatError where the files are broken, hold something that is not understood, or do not
 *   fit the model; ConfigError where the settings do not fit it
 */
export function loadAdapter(
  model: CausalLanguageModel,
  directory: string,
  options: { training?: boolean } = {},
): AttachedAdapter[] {
  return loadStack(model, adapterStack(directory), options);
}

/**
 * The same for a list of directories, each an adapter alone.
 *
 * @param options.training trains the last of them
 * @param options.dropout in place of that in its file
 * @param options.weights factor on what each adds, 1 where there is none
 */
export function loadStack(
  model: CausalLanguageModel,
  directories: readonly string[],
  {
    training = false,
    dropout,
    weights = [],
  }: { training?: boolean; dropout?: number; weights?: readonly number[] } = {},
): AttachedAdapter[] {
  return directories.map((directory, i) => {
    const trained = training && i === directories.length - 1;
    const config = readAdapterConfig(directory);
    if (trained && dropout !== undefined) config.lora_dropout = dropout;
    const attached = loadOne(model, directory, config, stackOptions(i, trained));
    setStrength(attached, weights[i] ?? 1, directory);
    return attached;
  });
}

/**
 * Whether an adapter only adds to the products of a model, so that the model's own weights stay as they
 * are and others can use them at the same time.
 */
export function addsOnly(directory: string): boolean {
  const { bias, modules_to_save, vocabulary_rows, init_lora_weights } =
    readAdapterConfig(directory);
  if (bias !== "none" || modules_to_save !== null || vocabulary_rows !== null) return false;
  if (takesPart(init_lora_weights)) return false;
  const file = openWeights(directory);
  try {
    const names = [...readableNames(file.names(), directory).keys()];
    return names.every((name) => /\.lora_([AB]|embedding_[AB]|magnitude_vector)(\.|$)/.test(name));
  } finally {
    file.close();
  }
}

/** One tensor of an adapter's file, float32. @param name as {@link AdapterTensor} has it */
export function readAdapterTensor(
  directory: string,
  name: string,
  shape: readonly number[],
): Tensor {
  const file = openWeights(directory);
  try {
    return readFloats(file, readableNames(file.names(), directory).get(name)!, shape);
  } finally {
    file.close();
  }
}

/** How an adapter of a stack is attached. @param trained whether it is trained; the others keep apart */
export function stackOptions(number: number, trained: boolean): AttachOptions {
  return { training: trained, label: trained ? "" : `below ${number + 1}: ` };
}

function loadOne(
  model: CausalLanguageModel,
  directory: string,
  config: AdapterConfig,
  options: AttachOptions,
): AttachedAdapter {
  const file = openWeights(directory);
  try {
    const unread = readableNames(file.names(), directory);
    const read = (name: string, shape: readonly number[], device: Device): Tensor => {
      const stored = unread.get(name)!;
      unread.delete(name);
      const { shape: found } = file.info(stored);
      if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
        throw new FormatError(
          `${directory}: ${stored} has shape [${found}], but this model needs [${shape}]`,
          shapeDetail(stored, found, shape),
        );
      }
      if (device === "meta") return empty([...shape], { dtype: "float32", device });
      return readFloats(file, stored, shape);
    };
    const source: TensorSource = {
      take(name, shape, device) {
        const key = unread.has(name) ? name : withoutBase(name);
        if (unread.has(key)) return read(key, shape, device);
        throw new FormatError(`${directory}: the adapter has no ${PREFIX}${name}`, {
          why: "its adapter_config.json asks for it",
          todo: "use the base model that the adapter was trained on, or save the adapter again",
        });
      },
      takeIfThere: (name, shape, device) =>
        unread.has(name) ? read(name, shape, device) : undefined,
    };
    const attached = attachAdapter(model, config, source, options);
    const [left] = unread.values();
    if (left !== undefined) {
      throw new FormatError(`${directory}: ${left} does not belong to any layer of this model`, {
        why: `${unread.size} weights of the adapter were not used`,
        todo: "use the base model that the adapter was trained on",
      });
    }
    return attached;
  } finally {
    file.close();
  }
}

/**
 * Puts the values of a checkpoint back into the trained adapter of a model, in place.
 *
 * @param adapter as it lies on the model
 * @param directory that {@link saveAdapter} wrote of it, not as a plain one
 * @throws FormatError where a tensor is missing or has another shape
 */
export function restoreAdapter({ tensors }: AttachedAdapter, directory: string): void {
  const file = openWeights(directory);
  try {
    const stored = new Set(file.names());
    for (const { name, parameter, rows } of tensors) {
      const key = `${PREFIX}${name}`;
      const shape = rows
        ? [rows.count, ...parameter.tensor.shape.slice(1)]
        : [...parameter.tensor.shape];
      const found = stored.has(key) ? file.info(key).shape.join() : "nothing";
      if (found !== shape.join()) {
        throw new FormatError(`${directory}: ${key} has shape [${found}], not [${shape}]`, {
          why: "it is not a checkpoint of this run",
        });
      }
      noGrad(() =>
        tidy(() => {
          const whole = parameter.tensor.detach();
          const part = rows ? whole.narrow(0, rows.start, rows.count) : whole;
          part.copy_(readFloats(file, key, shape));
        }),
      );
    }
  } finally {
    file.close();
  }
}

/** Why a weight of an adapter may have another shape than the model asks for. */
function shapeDetail(
  name: string,
  found: readonly number[],
  shape: readonly number[],
): ErrorDetail {
  if (isOtherRank(name, found, shape)) {
    return {
      why: "r or rank_pattern of its adapter_config.json is not the rank of its weights",
      todo: "save the adapter again, or copy the adapter_config.json that was saved with the weights",
    };
  }
  const isVocabulary = /(embed_tokens|lm_head)/.test(name);
  if (isVocabulary && found.slice(1).join() === shape.slice(1).join()) {
    return {
      why: "the vocabulary had another size in training: tokens were added",
      todo: `resize and merge the model in Python: base.resize_token_embeddings(${found[0]}); PeftModel.from_pretrained(base, DIR).merge_and_unload().save_pretrained("merged"), and use the merged model`,
    };
  }
  return { todo: "use the base model that the adapter was trained on" };
}

/** Whether only the rank of an adapter's matrix is another one. */
function isOtherRank(name: string, found: readonly number[], shape: readonly number[]): boolean {
  const rank = /lora_(embedding_)?A/.test(name) ? 0 : 1;
  return (
    /\.lora_(embedding_)?[AB]\b/.test(name) &&
    found.length === shape.length &&
    found.every((size, i) => (size === shape[i]) !== (i === rank))
  );
}

/** PEFT 0.5 and older saved the bias of an adapted layer under the layer's own name. */
function withoutBase(name: string): string {
  return name.replace(/\.base_layer\.bias$/, ".bias");
}

/** The adapter's own file, or the pickled one of older versions of PEFT. */
function openWeights(directory: string): WeightReader {
  const file = path.join(directory, WEIGHTS);
  const pickle = path.join(directory, PICKLE);
  return !existsSync(file) && existsSync(pickle) ? openTorchFile(pickle) : openSafetensors(file);
}

/** Names of the tensors as they are asked for, with those that the file has for them. */
function readableNames(stored: readonly string[], directory: string): Map<string, string> {
  const readable = new Map<string, string>();
  for (const name of stored) {
    const key = plainName(name);
    const other = readable.get(key);
    if (other !== undefined) {
      throw new FormatError(`${directory}: ${other} and ${name} are the same weight`, {
        todo: "remove one of them",
      });
    }
    readable.set(key, name);
  }
  return readable;
}

/** Some programs leave the adapter's name, or that of PEFT's wrappers, in the name of a weight. */
function plainName(stored: string): string {
  return stored
    .replace(PREFIX, "")
    .replace(/\.modules_to_save(\.default)?(?=\.)/, "")
    .replace(/\.(lora_[AB])\.default\.(weight|bias)$/, ".$1.$2")
    .replace(/\.(lora_embedding_[AB]|trainable_tokens_delta)\.default$/, ".$1")
    .replace(/\.lora_magnitude_vector(\.default)?(\.weight)?$/, ".lora_magnitude_vector");
}

function readFloats(file: WeightReader, name: string, shape: readonly number[]): Tensor {
  const result = empty([...shape], { dtype: "float32" });
  for (const { start, count, dtype, data } of file.chunks(name)) {
    const type = readDTypes[dtype];
    if (!type)
      throw new FormatError(`${name} has type ${dtype}, which is not supported for weights`);
    tidy(() => {
      result
        .view([-1])
        .narrow(0, start, count)
        .copy_(tensor(data, [count], type));
    });
  }
  return result;
}

/**
 * Writes an adapter so that PEFT loads it. Those that lie under it are written beside it, and named
 * in its adapter_config.json.
 *
 * @param adapters those of a model, the lowest first
 * @param options.plain writes the last as a plain adapter of twice the rank where it began with a part
 *   of the base weights, as PEFT's conversion does
 */
export function saveAdapter(
  adapters: readonly AttachedAdapter[],
  directory: string,
  { plain = false }: { plain?: boolean } = {},
): void {
  const below = adapters.slice(0, -1).map((adapter, i) => {
    const name = belowName(i + 1);
    saveOne(adapter, path.join(directory, name), [], false);
    return name;
  });
  const last = adapters.at(-1)!;
  saveOne(last, directory, below, plain && last.begun.size > 0);
}

function saveOne(
  { config, tensors, begun }: AttachedAdapter,
  directory: string,
  below: readonly string[],
  plain: boolean,
): void {
  makeFolders(directory);
  const entries = tensors.map((tensor) => ({
    ...entryOf(tensor),
    ...(plain ? plainTensor(tensor, begun) : {}),
  }));
  writeSafetensors(path.join(directory, WEIGHTS), entries, { format: "pt" });
  const written = plain ? plainConfig(config) : config;
  writeAdapterConfig(directory, { ...written, adapters_below: below });
}

function entryOf({ name, parameter, rows }: AdapterTensor): WeightEntry {
  const { shape } = parameter.tensor;
  return {
    name: `${PREFIX}${name}`,
    dtype: "F32",
    shape: rows ? [rows.count, ...shape.slice(1)] : [...shape],
    data: () =>
      tidy(() => {
        const { tensor } = parameter;
        const part = rows ? tensor.narrow(0, rows.start, rows.count) : tensor;
        return part.to({ device: "cpu", dtype: "float32" }).contiguous().bytes();
      }),
  };
}
