/** Weights of a model directory in Hugging Face's layout: safetensors files, or those of `torch.save`. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatError } from "../util/errors.js";
import { adapterWeights, modelWeights } from "../util/weightFiles.js";
import { quantizationNotes } from "./bitsandbytes.js";
import { type BufferPool, createBufferPool } from "./bufferPool.js";
import { readJsonObject } from "./json.js";
import { isObject } from "./keyReader.js";
import { openSafetensors } from "./safetensorsReader.js";
import { openTorchFile, type TorchFile } from "./torch/reader.js";
import type { WeightReader } from "./weights.js";

interface Layout {
  /** Name of the only file. */
  single: string;
  /** Name of the list of shards. */
  index: string;
  open(path: string, pool?: BufferPool): NamedWeights;
}

type NamedWeights = Pick<TorchFile, "has"> & WeightReader;

/** In the order in which they are looked for. */
const layouts: readonly Layout[] = [
  { ...modelWeights.safetensors, open: openSafetensors },
  { ...modelWeights.torch, open: openTorchFile },
];

/** What a directory holds of each layout: the single file goes before the list of shards. */
function found(directory: string): { layout: Layout; name: string }[] {
  return layouts.flatMap((layout) => {
    const name = [layout.single, layout.index].find((one) => existsSync(join(directory, one)));
    return name === undefined ? [] : [{ layout, name }];
  });
}

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names; without them
 * `pytorch_model.bin` or its shards. A tensor that is in a shard but not in the index is there too, as
 * it is for transformers.
 */
export function openWeightDirectory(directory: string): WeightReader {
  const [first] = found(directory);
  if (!first) {
    const names = layouts.flatMap(({ single, index }) => [single, index]);
    throw new FormatError(`${directory}: has no weights`, {
      why: `it has none of ${names.join(", ")}`,
      todo: "check the path, or download the model again",
    });
  }
  const { layout, name } = first;
  const path = join(directory, name);
  return name === layout.single ? layout.open(path) : openShards(directory, path, layout);
}

/** What to say of the weights in a model's or adapter's directory: those that are not read, or not as they are. */
export function weightNotes(directory: string): string[] {
  const readable = [
    found(directory).map(({ name }) => name),
    adapterWeights.filter((name) => existsSync(join(directory, name))),
  ];
  const unread = readable.flatMap(([first, ...others]) =>
    others.map((name) => `${directory}: ${first} is read, not ${name}.`),
  );
  return [...unread, ...quantizationNotes(directory)];
}

/** Names of the files of `torch.save` that are read from a model's or adapter's directory. */
export function pickledWeights(directory: string): string[] {
  const [first] = found(directory);
  const names: string[] = existsSync(join(directory, adapterWeights[0])) ? [] : [adapterWeights[1]];
  if (first?.layout.open === openTorchFile) {
    names.push(first.name);
    if (first.name === first.layout.index) {
      names.push(...new Set(readWeightMap(join(directory, first.name)).values()));
    }
  }
  return names.filter((name) => existsSync(join(directory, name)));
}

function openShards(directory: string, index: string, layout: Layout): WeightReader {
  const map = readWeightMap(index);
  const pool = createBufferPool();
  const files = new Map<string, NamedWeights>();
  const close = () => {
    for (const file of files.values()) file.close();
  };
  try {
    for (const name of new Set(map.values())) {
      files.set(name, layout.open(join(directory, name), pool));
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
