/**
 * Weights as bitsandbytes quantizes them and transformers saves them: codes under the weight's name,
 * and what gives them their values under names that begin with it. Here they are one weight each.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "../util/errors.js";
import { readJsonObject } from "./json.js";
import { isObject, keyReader } from "./keyReader.js";
import {
  chunkElements,
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  rowElements,
  type WeightChunk,
  type WeightReader,
} from "./weights.js";

/** A weight in 4 bits with doubly quantized maxima, as it is in the file. Shapes: n elements. */
export interface StoredFourBit {
  /** Shape before quantization. */
  shape: number[];
  /** The sixteen values of the codes. */
  code: Float32Array;
  /** Values that share a maximum, and maxima that share one. */
  blocks: { values: number; maxima: number };
  /** [n / 2], two codes a byte, the first in the high half */
  packed: Uint8Array;
  /** [n / 64] */
  absmax: Uint8Array;
  /** [n / 64 / 256] */
  nestedAbsmax: Float32Array;
  /** [256] */
  nestedCode: Float32Array;
  offset: number;
}

/** A reader whose quantized weights are dense. */
export interface DequantizingReader extends WeightReader {
  /** A weight as it is stored; undefined where it is not in 4 bits with doubly quantized maxima. */
  fourBit(name: string): StoredFourBit | undefined;
}

const FOUR_BIT = /^(.*\.weight)\.quant_state\.bitsandbytes__(nf4|fp4)$/;
/** Beside the weight, without `.weight`: the maxima of rows of 8-bit weights, and their order. */
const ROW_MAXIMA = ".SCB";
const ROW_ORDER = ".weight_format";

interface Quantized {
  shape: number[];
  storedType: string;
  /** The values in order. */
  values(): Generator<Float32Array, void, void>;
  fourBit(): StoredFourBit | undefined;
}

/** Gives every weight its values, in float32 where it is quantized. @param path for messages */
export function dequantizing(reader: WeightReader, path: string): DequantizingReader {
  const names = new Set(reader.names());
  const quantized = new Map<string, Quantized>();
  const hidden = new Set<string>();
  for (const name of names) {
    const [, weight, type] = FOUR_BIT.exec(name) ?? [];
    if (weight && type) {
      quantized.set(weight, fourBitWeight(reader, weight, type, path));
      const parts = ["absmax", "quant_map", "nested_absmax", "nested_quant_map"];
      for (const part of parts) hidden.add(`${weight}.${part}`);
      hidden.add(name);
    } else if (name.endsWith(ROW_MAXIMA)) {
      const module = name.slice(0, -ROW_MAXIMA.length);
      quantized.set(`${module}.weight`, eightBitWeight(reader, module, path));
      hidden.add(name).add(`${module}${ROW_ORDER}`);
    }
  }
  return {
    names: () => [...names].filter((name) => !hidden.has(name)),
    info(name) {
      const found = quantized.get(name);
      if (!found) return reader.info(name);
      return { shape: [...found.shape], dtype: "F32", storedType: found.storedType };
    },
    chunks(name, maxElements = DEFAULT_CHUNK_ELEMENTS) {
      const found = quantized.get(name);
      return found ? inRows(found, maxElements) : reader.chunks(name, maxElements);
    },
    fourBit: (name) => quantized.get(name)?.fourBit(),
    close: reader.close,
  };
}

/** What to say of a directory whose weights cannot stay quantized as they are. */
export function quantizationNotes(directory: string): string[] {
  const file = join(directory, "config.json");
  const settings = existsSync(file) ? readJsonObject(file).quantization_config : undefined;
  if (!isObject(settings)) return [];
  const isDouble = settings.bnb_4bit_use_double_quant === true;
  if (settings.bnb_4bit_quant_type === "nf4" && settings.load_in_4bit === true && isDouble) {
    return [];
  }
  const form =
    settings.load_in_8bit === true ? "8 bits" : "4 bits that are not NF4 with double quantization";
  return [
    `${directory}: its weights are in ${form}; where a run has bits: 4, they are quantized anew.`,
  ];
}

/** @throws FormatError for weights that another method than bitsandbytes quantized */
export function refuseOtherQuantization(config: Record<string, unknown>, directory: string): void {
  const settings = config.quantization_config;
  if (!isObject(settings) || settings.quant_method === "bitsandbytes") return;
  // Files of transformers before 4.35 name no method.
  if (settings.quant_method === undefined && "load_in_8bit" in settings) return;
  throw new FormatError(
    `${directory}: its weights are quantized by ${String(settings.quant_method)}`,
    {
      why: "only bitsandbytes' 4 and 8 bits are read",
      todo: "use the model's 16-bit weights",
    },
  );
}

/** The values as chunks of whole rows. */
function* inRows(
  { shape, values }: Quantized,
  maxElements: number,
): Generator<WeightChunk, void, void> {
  const total = elementCount(shape);
  if (total === 0) return;
  const step = chunkElements(shape, maxElements);
  const out = new Float32Array(step);
  let start = 0;
  let filled = 0;
  for (const piece of values()) {
    for (let from = 0; from < piece.length; ) {
      const size = Math.min(piece.length - from, Math.min(step, total - start) - filled);
      out.set(piece.subarray(from, from + size), filled);
      from += size;
      filled += size;
      if (filled < Math.min(step, total - start)) continue;
      yield { start, count: filled, dtype: "F32", data: new Uint8Array(out.buffer, 0, filled * 4) };
      start += filled;
      filled = 0;
      if (start === total) return;
    }
  }
}

/** Everything of a weight that has the expected type. */
function whole(
  reader: WeightReader,
  name: string,
  dtype: string,
  path: string,
): Uint8Array<ArrayBuffer> {
  const { dtype: found } = reader.info(name);
  if (found !== dtype) {
    throw new FormatError(`${path}: ${name} has type ${found} where ${dtype} was expected`);
  }
  const bytes = Array.from(reader.chunks(name), ({ data }) => data.slice());
  return new Uint8Array(Buffer.concat(bytes));
}

function floats(reader: WeightReader, name: string, path: string): Float32Array {
  return new Float32Array(whole(reader, name, "F32", path).buffer);
}

function fourBitWeight(reader: WeightReader, name: string, type: string, path: string): Quantized {
  const stateName = `${name}.quant_state.bitsandbytes__${type}`;
  const fail = (what: string): never => {
    throw new FormatError(`${path}: ${name} ${what}`, {
      why: "not a 4-bit weight as bitsandbytes saves it",
      todo: "the file is damaged or of another version; download it again",
    });
  };
  const state = parseState(whole(reader, stateName, "U8", path), fail);
  const keys = keyReader(state, `${path}: ${stateName}`);
  const size = (key: string) => keys.required(key, { whole: true, least: 1, most: 2 ** 31 });
  const shape = Array.isArray(state.shape) ? (state.shape as unknown[]) : fail("has no shape");
  if (!shape.every((one): one is number => Number.isSafeInteger(one) && Number(one) > 0)) {
    return fail(`has the shape [${shape}]`);
  }
  const count = elementCount(shape);
  const block = size("blocksize");
  const blocks = Math.ceil(count / block);
  const { shape: packedShape, dtype } = reader.info(name);
  if (dtype !== "U8" || elementCount(packedShape) !== Math.ceil(count / 2)) {
    return fail(
      `has ${elementCount(packedShape)} values of type ${dtype} for the shape [${shape}]`,
    );
  }
  const isNested = reader.info(`${name}.absmax`).dtype === "U8";
  const expectCount = (part: string, expected: number) => {
    const found = elementCount(reader.info(`${name}.${part}`).shape);
    if (found !== expected) fail(`has ${found} values of ${part} where ${expected} are needed`);
  };
  expectCount("absmax", blocks);
  expectCount("quant_map", 16);
  if (isNested) {
    expectCount("nested_absmax", Math.ceil(blocks / size("nested_blocksize")));
    expectCount("nested_quant_map", 256);
    if (!Number.isFinite(state.nested_offset)) fail("has no nested_offset");
  }
  const code = () => floats(reader, `${name}.quant_map`, path);
  const fourBit = (): StoredFourBit => ({
    shape,
    code: code(),
    blocks: { values: block, maxima: size("nested_blocksize") },
    packed: whole(reader, name, "U8", path),
    absmax: whole(reader, `${name}.absmax`, "U8", path),
    nestedAbsmax: floats(reader, `${name}.nested_absmax`, path),
    nestedCode: floats(reader, `${name}.nested_quant_map`, path),
    offset: Number(state.nested_offset),
  });
  const maxima = () =>
    isNested
      ? nestedMaxima({ ...fourBit(), packed: new Uint8Array() })
      : floats(reader, `${name}.absmax`, path);
  return {
    shape,
    storedType: type.toUpperCase(),
    fourBit: () => (isNested ? fourBit() : undefined),
    *values() {
      const absmax = maxima();
      const table = code();
      for (const { start, count: bytes, data } of reader.chunks(name)) {
        const out = new Float32Array(Math.min(2 * bytes, count - 2 * start));
        for (let i = 0; i < out.length; i++) {
          const byte = data[i >> 1]!;
          const value = table[i & 1 ? byte & 15 : byte >> 4]!;
          out[i] = value * absmax[Math.floor((2 * start + i) / block)]!;
        }
        yield out;
      }
    },
  };
}

function parseState(bytes: Uint8Array, fail: (what: string) => never): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    fail("has a state that is not JSON");
  }
  return isObject(value) ? value : fail("has a state that is no object");
}

/** Maxima that are quantized themselves, in the two roundings of bitsandbytes. */
function nestedMaxima({
  absmax,
  nestedAbsmax,
  nestedCode,
  blocks,
  offset,
}: StoredFourBit): Float32Array {
  return Float32Array.from(absmax, (index, i) => {
    const scaled = nestedCode[index]! * nestedAbsmax[Math.floor(i / blocks.maxima)]!;
    return Math.fround(scaled) + offset;
  });
}

/** Rows in 8 bits: `value * maximum of its row / 127`. */
function eightBitWeight(reader: WeightReader, module: string, path: string): Quantized {
  const name = `${module}.weight`;
  const { shape, dtype } = reader.info(name);
  const row = rowElements(shape);
  const maxima = reader.info(`${module}${ROW_MAXIMA}`).shape;
  if (dtype !== "I8" || shape.length !== 2 || elementCount(maxima) !== shape[0]) {
    throw new FormatError(`${path}: ${name} is not an 8-bit weight as bitsandbytes saves it`, {
      why: `it is [${shape}] of type ${dtype}, with ${elementCount(maxima)} maxima`,
    });
  }
  const order = `${module}${ROW_ORDER}`;
  if (reader.names().includes(order) && whole(reader, order, "U8", path)[0] !== 0) {
    throw new FormatError(`${path}: ${name} is in the order of an old GPU kernel`, {
      todo: "save it with a newer version of bitsandbytes",
    });
  }
  return {
    shape,
    storedType: "INT8",
    fourBit: () => undefined,
    *values() {
      const scales = floats(reader, `${module}${ROW_MAXIMA}`, path);
      for (const { start, count, data } of reader.chunks(name)) {
        const codes = new Int8Array(data.buffer, data.byteOffset, count);
        yield Float32Array.from(
          codes,
          (code, i) =>
            Math.fround(code * scales[Math.floor((start + i) / row)]!) * Math.fround(1 / 127),
        );
      }
    },
  };
}
