import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostMemory, tidy, zeros } from "../tensor/index.js";
import { FormatError } from "../util/errors.js";
import { openSafetensors } from "./safetensorsReader.js";
import { writeShardedSafetensors } from "./safetensorsShards.js";
import { type WeightEntry, writeSafetensors } from "./safetensorsWriter.js";
import { openWeightDirectory } from "./weightDirectory.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "safetensors-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function floats(name: string, ...values: number[]): WeightEntry {
  const data = () => new Uint8Array(Float32Array.from(values).buffer);
  return { name, dtype: "F32", shape: [values.length], data };
}

it("a tensor's memory is free again when the next one's turn comes", () => {
  const before = hostMemory().liveBytes;
  const seen: number[] = [];
  const entry = (name: string): WeightEntry => ({
    name,
    dtype: "F32",
    shape: [100_000],
    data: () => {
      seen.push(hostMemory().liveBytes - before);
      return tidy(() => zeros([100_000]).bytes());
    },
  });
  writeSafetensors(join(folder, "a.safetensors"), ["a", "b", "c"].map(entry));
  expect(seen).toEqual([0, 0, 0]);
  expect(hostMemory().liveBytes).toBe(before);
});

describe("a file", () => {
  it("comes back with its metadata, whole or in pieces", () => {
    const path = join(folder, "a.safetensors");
    const pieces = function* () {
      yield Uint8Array.of(1, 2);
      yield Uint8Array.of(3);
    };
    const bytes: WeightEntry = { name: "bytes", dtype: "U8", shape: [3], data: pieces };
    writeSafetensors(path, [bytes, floats("x", 1.5, -2)], { who: "me" });
    const file = openSafetensors(path);
    expect(file.names()).toEqual(["x", "bytes"]);
    expect([...file.metadata]).toEqual([["who", "me"]]);
    expect([...file.chunks("bytes")].map(({ data }) => [...data])).toEqual([[1, 2, 3]]);
    const { value } = file.chunks("x").next();
    expect(new Float32Array(value!.data.buffer, 0, 2)).toEqual(Float32Array.of(1.5, -2));
    file.close();
    expect(() => file.chunks("x").next()).toThrow("after close()");
  });

  it("is marked as PyTorch's unless told otherwise", () => {
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, [floats("x", 1)]);
    expect(openSafetensors(path).metadata.get("format")).toBe("pt");
  });

  it("stays as it was when the new one fails half way, and nothing else is left", () => {
    const path = join(folder, "a.safetensors");
    writeSafetensors(path, [floats("x", 1)]);
    const before = readFileSync(path);
    const failing = floats("y", 1);
    failing.data = () => {
      throw new Error("out of memory");
    };
    expect(() => writeSafetensors(path, [floats("x", 2), failing])).toThrow("out of memory");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["a.safetensors"]);
  });

  it.each([
    ["data shorter than its shape", { ...floats("x", 1), shape: [2] }, "8 bytes, its data gave 4"],
    ["data longer than its shape", { ...floats("x", 1, 2, 3), shape: [2] }, "gave 12 or more"],
    ["a fraction in a shape", { ...floats("x", 1), shape: [0.5] }, "not whole numbers"],
    ["the name of the metadata", { ...floats("x", 1), name: "__metadata__" }, "__metadata__"],
  ])("is refused with %s", (_, entry, message) => {
    const path = join(folder, "a.safetensors");
    expect(() => writeSafetensors(path, [entry])).toThrow(FormatError);
    expect(() => writeSafetensors(path, [entry])).toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused with a name given twice", () => {
    const path = join(folder, "a.safetensors");
    expect(() => writeSafetensors(path, [floats("x", 1), floats("x", 2)])).toThrow("twice");
  });
});

describe("shards", () => {
  const entries = ["c", "a", "b", "d"].map((name, i) => floats(name, i, i + 1));

  it("fill up in the given order, with the index that transformers writes", () => {
    const files = writeShardedSafetensors(folder, entries, { maxShardBytes: 17 });
    expect(files).toEqual(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
    expect(JSON.parse(readFileSync(join(folder, "model.safetensors.index.json"), "utf8"))).toEqual({
      metadata: { total_parameters: 8, total_size: 32 },
      weight_map: { a: files[0], b: files[1], c: files[0], d: files[1] },
    });
    const weights = openWeightDirectory(folder);
    expect(weights.names().sort()).toEqual(["a", "b", "c", "d"]);
    expect(new Float32Array(weights.chunks("d").next().value!.data.buffer, 0, 2)).toEqual(
      Float32Array.of(3, 4),
    );
  });

  it("give a tensor that is too large a shard of its own", () => {
    const files = writeShardedSafetensors(folder, entries, { maxShardBytes: 1 });
    expect(files.length).toBe(4);
  });

  it("are one file without index where all fits, and replace what was there", () => {
    writeShardedSafetensors(folder, entries, { maxShardBytes: 8 });
    writeFileSync(join(folder, "adapter_model.safetensors"), "mine");
    expect(writeShardedSafetensors(folder, entries)).toEqual(["model.safetensors"]);
    expect(readdirSync(folder).sort()).toEqual(["adapter_model.safetensors", "model.safetensors"]);
  });

  it.each([
    ["a file outside the directory", { x: "../model.safetensors" }, "is not a file"],
    ["a file that is a number", { x: 3 }, "is not a file"],
    ["a tensor that its shard lacks", { x: "model-00001-of-00004.safetensors" }, "no tensor `x`"],
    ["no tensor", {}, "missing or empty"],
    ["a shard that is not there", { c: "model-9.safetensors" }, "cannot be opened"],
  ])("with an index that names %s are refused", (_, weightMap, message) => {
    writeShardedSafetensors(folder, entries, { maxShardBytes: 8 });
    const index = join(folder, "model.safetensors.index.json");
    writeFileSync(index, JSON.stringify({ weight_map: weightMap }));
    expect(() => openWeightDirectory(folder)).toThrow(FormatError);
    expect(() => openWeightDirectory(folder)).toThrow(message);
  });
});
