/** Weights of a model directory in Hugging Face's layout: one or more safetensors files. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatError } from "../util/errors.js";
import { createBufferPool } from "./bufferPool.js";
import { readJsonObject } from "./json.js";
import { isObject } from "./keyReader.js";
import { openSafetensors, type SafetensorsFile } from "./safetensorsReader.js";
import type { WeightReader } from "./weights.js";

export const SINGLE_FILE = "model.safetensors";
export const INDEX_FILE = "model.safetensors.index.json";

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names. A tensor that
 * is in a shard but not in the index is there too, as it is for transformers.
 */
export function openSafetensorsDirectory(directory: string): WeightReader {
  const single = join(directory, SINGLE_FILE);
  if (existsSync(single)) return openSafetensors(single);
  const index = join(directory, INDEX_FILE);
  if (existsSync(index)) return openShards(directory, index);
  const pickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"].find((name) =>
    existsSync(join(directory, name)),
  );
  throw new FormatError(`${directory}: has no ${SINGLE_FILE} and no ${INDEX_FILE}`, {
    why: pickled
      ? `${pickled} holds Python objects, which are not read because they can run code`
      : "the directory holds no weights",
    todo: pickled
      ? "convert it once in Python: AutoModelForCausalLM.from_pretrained(dir).save_pretrained(out)"
      : "check the path, or download the model again",
  });
}

function openShards(directory: string, index: string): WeightReader {
  const map = readWeightMap(index);
  const pool = createBufferPool();
  const files = new Map<string, SafetensorsFile>();
  const close = () => {
    for (const file of files.values()) file.close();
  };
  try {
    for (const name of new Set(map.values())) {
      files.set(name, openSafetensors(join(directory, name), pool));
    }
    for (const [name, file] of map) {
      if (files.get(file)?.has(name)) continue;
      throw new FormatError(`${join(directory, file)}: has no tensor \`${name}\``, {
        why: `${index} lists it there`,
        todo: "the shards do not belong to the same model; download them again",
      });
    }
    for (const [fileName, file] of files) {
      for (const name of file.names()) if (!map.has(name)) map.set(name, fileName);
    }
  } catch (error) {
    close();
    throw error;
  }
  const find = (name: string) => {
    const file = files.get(map.get(name) ?? "");
    if (!file) throw new FormatError(`${directory}: has no tensor \`${name}\``);
    return file;
  };
  return {
    names: () => [...map.keys()],
    info: (name) => find(name).info(name),
    chunks: (name, maxElements) => find(name).chunks(name, maxElements),
    close,
  };
}

function readWeightMap(index: string): Map<string, string> {
  const map = readJsonObject(index).weight_map;
  const entries = isObject(map) ? Object.entries(map) : [];
  if (entries.length === 0) throw new FormatError(`${index}: \`weight_map\` is missing or empty`);
  for (const [name, file] of entries) {
    const inside = typeof file === "string" && file === basename(file) && !file.startsWith(".");
    if (inside) continue;
    throw new FormatError(
      `${index}: \`${name}\` refers to something that is not a file of the directory`,
      {
        why: `got ${JSON.stringify(file)?.slice(0, 100)}`,
      },
    );
  }
  return new Map(entries as [string, string][]);
}
