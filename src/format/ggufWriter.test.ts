import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openFile } from "../util/fileReader.js";
import { encodeBlocks, type GgufWrittenType } from "./ggufBlocks.js";
import { readMetadata } from "./ggufMetadata.js";
import { readGguf } from "./ggufWeights.js";
import { type GgufEntry, type GgufField, writeGgufFile } from "./ggufWriter.js";

const folder = mkdtempSync(path.join(tmpdir(), "gguf-writer-"));
const file = path.join(folder, "model.gguf");
afterAll(() => rmSync(folder, { recursive: true }));

const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i));
const bytes = new Uint8Array(values.buffer);

function entry(name: string, type: GgufWrittenType, shape = [2, 256]): GgufEntry {
  return { name, type, shape, data: () => encodeBlocks(bytes, "F32", type, name) };
}

const none = new Map<string, GgufField>();

describe("a GGUF file", () => {
  it("has room for the vocabularies of today", () => {
    const texts = Array.from({ length: 300_000 }, (_, i) => `token ${i}`);
    writeGgufFile(file, new Map<string, GgufField>([["a.texts", texts]]), []);
    expect(readMetadata(openFile(file)).values.get("a.texts")).toEqual(texts);
  });

  it("is read back: metadata of every type, tensors of every type, at multiples of 32", () => {
    const metadata = new Map<string, GgufField>([
      ["general.architecture", "llama"],
      ["a.count", { uint32: 4294967295 }],
      ["a.real", { float32: 0.5 }],
      ["a.flag", true],
      ["a.texts", ["", "ä", "😀"]],
      ["a.none", []],
      ["a.integers", Int32Array.of(-1, 2)],
      ["a.reals", Float32Array.of(0.25)],
    ]);
    const types: GgufWrittenType[] = [
      ...(["F32", "F16", "BF16"] as const),
      ...(["Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q5_K", "Q6_K"] as const),
    ];
    const entries = [
      { ...entry("odd", "F16", [3]), data: () => new Uint8Array(6) },
      ...types.map((type) => entry(type, type)),
    ];
    writeGgufFile(file, metadata, entries);
    const { values: read } = readMetadata(openFile(file));
    expect(Object.fromEntries(read)).toEqual({
      "general.architecture": "llama",
      "a.count": 4294967295,
      "a.real": 0.5,
      "a.flag": true,
      "a.texts": ["", "ä", "😀"],
      "a.none": [],
      "a.integers": Int32Array.of(-1, 2),
      "a.reals": Float32Array.of(0.25),
    });
    const gguf = readGguf(openFile(file));
    for (const tensor of gguf.header.tensors.values()) expect(tensor.position % 32).toBe(0);
    for (const type of types) {
      expect(gguf.info(type)).toMatchObject({ shape: [2, 256], storedType: type });
      if (type === "BF16" || type === "F16") continue;
      const decoded = [...gguf.chunks(type)].flatMap(({ data }) => [
        ...new Float32Array(data.slice().buffer),
      ]);
      const worst = Math.max(...decoded.map((value, i) => Math.abs(value - values[i]!)));
      expect(worst, type).toBeLessThan(type === "F32" ? 1e-9 : type.startsWith("Q4") ? 0.13 : 0.07);
    }
    gguf.close();
  });

  it("keeps what was there until all is written, and leaves nothing behind", () => {
    writeFileSync(file, "before");
    const failing = {
      ...entry("b", "F32"),
      data: () => {
        throw new Error("no more");
      },
    };
    expect(() => writeGgufFile(file, none, [entry("a", "F32"), failing])).toThrow("no more");
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["model.gguf"]);
  });

  it.each<[what: string, entries: GgufEntry[], message: string]>([
    ["the same name twice", [entry("a", "F32"), entry("a", "F16")], "cannot be used twice"],
    ["a long name", [entry("ä".repeat(32), "F32")], "longer than 63 bytes"],
    ["five dimensions", [entry("a", "F32", [1, 1, 1, 2, 256])], "GGUF cannot hold"],
    ["a dimension of 0", [entry("a", "F32", [0, 256])], "GGUF cannot hold"],
    ["rows that are not whole blocks", [entry("a", "Q4_K", [4, 128])], "not whole Q4_K blocks"],
    ["an unknown type", [{ ...entry("a", "F32"), type: "Q9" }], "unknown type Q9"],
    ["too few bytes", [entry("a", "F32", [3, 256])], "should have 3072 bytes"],
    ["too many bytes", [entry("a", "F32", [1, 256])], "2048 or more"],
  ])("with %s is refused", (_, entries, message) => {
    expect(() => writeGgufFile(file, none, entries)).toThrow(message);
  });
});

describe("values that a type cannot hold", () => {
  const withOne = (value: number) => {
    const all = values.slice();
    all[300] = value;
    return new Uint8Array(all.buffer);
  };
  const types = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q5_K", "Q6_K"] as const;
  it.each(types)("%s: NaN and infinity are refused, by their place", (type) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => [...encodeBlocks(withOne(value), "F32", type, "w")]).toThrow(
        `w: ${type} cannot hold the value of element 300`,
      );
    }
  });

  it("F16 refuses 70000, BF16 takes it; scales that half precision lacks are refused", () => {
    expect(() => [...encodeBlocks(withOne(70000), "F32", "F16", "w")]).toThrow("element 300");
    expect(() => [...encodeBlocks(withOne(70000), "F32", "BF16", "w")]).not.toThrow();
    for (const type of ["Q8_0", "Q4_0", "Q4_K", "Q6_K"] as const) {
      expect(() => [...encodeBlocks(withOne(3e38), "F32", type, "w")], type).toThrow("cannot hold");
    }
  });

  it("F16's values pass unchanged through F32, subnormal ones too", () => {
    const halves = Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits);
    const asBytes = new Uint8Array(halves.buffer);
    const single = Buffer.concat([...encodeBlocks(asBytes, "F16", "F32", "w")]);
    const back = Buffer.concat([...encodeBlocks(single, "F32", "F16", "w")]);
    expect(back.equals(asBytes)).toBe(true);
  });
});
