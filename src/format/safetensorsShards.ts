/** Writes a model's weights as transformers does: one file, or numbered shards and an index. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../util/atomicFile.js";
import { modelWeights } from "../util/weightFiles.js";
import {
  entryBytes,
  PYTORCH_METADATA,
  type WeightEntry,
  writeSafetensors,
} from "./safetensorsWriter.js";
import { elementCount } from "./weights.js";

const { single: SINGLE_FILE, index: INDEX_FILE } = modelWeights.safetensors;

/** Options of {@link writeShardedSafetensors}. */
export interface ShardOptions {
  /** Largest shard in bytes; a tensor that is larger has a shard of its own. */
  maxShardBytes?: number;
  /** Called when a weight file is complete. @param number from 1 @param count of all files */
  onFile?: (file: string, number: number, count: number) => void;
  metadata?: Readonly<Record<string, string>>;
}

const WEIGHT_FILE = /^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$/;

/**
 * Writes `model.safetensors`, or `model-0000x-of-0000y.safetensors` with their index, into a
 * directory, and removes weight files that an earlier model left there.
 * @returns names of the written weight files
 * @throws FormatError as {@link writeSafetensors} does
 */
export function writeShardedSafetensors(
  directory: string,
  entries: Iterable<WeightEntry>,
  { maxShardBytes = 5e9, onFile, metadata = PYTORCH_METADATA }: ShardOptions = {},
): string[] {
  const shards = splitShards(entries, maxShardBytes);
  const count = String(shards.length).padStart(5, "0");
  const files = shards.map((_, i) =>
    shards.length === 1
      ? SINGLE_FILE
      : `model-${String(i + 1).padStart(5, "0")}-of-${count}.safetensors`,
  );
  const weightMap = new Map<string, string>();
  let parameters = 0;
  let bytes = 0;
  shards.forEach((shard, i) => {
    const file = files[i] ?? SINGLE_FILE;
    for (const entry of shard) {
      weightMap.set(entry.name, file);
      parameters += elementCount(entry.shape);
      bytes += entryBytes(entry);
    }
    writeSafetensors(join(directory, file), shard, metadata);
    onFile?.(file, i + 1, shards.length);
  });
  const keep = new Set(files);
  if (shards.length > 1) {
    const index = {
      metadata: { total_parameters: parameters, total_size: bytes },
      weight_map: Object.fromEntries([...weightMap].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    writeFileAtomic(join(directory, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
    keep.add(INDEX_FILE);
  }
  for (const name of readdirSync(directory)) {
    if (WEIGHT_FILE.test(name) && !keep.has(name)) rmSync(join(directory, name));
  }
  return files;
}

/** Fills shards in the given order, as huggingface_hub's `split_torch_state_dict_into_shards`. */
function splitShards(entries: Iterable<WeightEntry>, maxShardBytes: number): WeightEntry[][] {
  const shards: WeightEntry[][] = [];
  let current: WeightEntry[] = [];
  let filled = 0;
  for (const entry of entries) {
    const bytes = entryBytes(entry);
    if (bytes > maxShardBytes) {
      shards.push([entry]);
      continue;
    }
    if (filled + bytes > maxShardBytes) {
      shards.push(current);
      current = [];
      filled = 0;
    }
    current.push(entry);
    filled += bytes;
  }
  if (current.length > 0 || shards.length === 0) shards.push(current);
  return shards;
}
