import { describe, expect, it } from "vitest";
import { FormatError } from "../util/errors.js";
import { readSafetensors } from "./safetensorsReader.js";
import { memoryFile, safetensorsBytes, u64 } from "./testFiles.js";

function info(begin: number, end: number, shape: number[] | string = [end - begin], dtype = "U8") {
  const sizes = typeof shape === "string" ? shape : JSON.stringify(shape);
  return `{"dtype":"${dtype}","shape":${sizes},"data_offsets":[${begin},${end}]}`;
}

const open = (header: string | Uint8Array, dataBytes = 8) =>
  readSafetensors(memoryFile(safetensorsBytes(header, dataBytes)));

describe("a valid header", () => {
  it("gives names in the order of the data, shapes, dtypes and metadata", () => {
    const header = `{"b":${info(4, 8, [1], "F32")},"__metadata__":{"k":"v"},"a":${info(0, 4, [2, 2])}}`;
    const file = open(`${header}   `);
    expect(file.names()).toEqual(["a", "b"]);
    expect(file.info("b")).toEqual({ shape: [1], dtype: "F32", storedType: "F32" });
    expect([...file.metadata]).toEqual([["k", "v"]]);
  });

  it("may have metadata that is null", () => {
    expect([...open(`{"__metadata__":null,"a":${info(0, 8)}}`).metadata]).toEqual([]);
    expect(() => open(`{"a":null}`)).toThrow("`a` is not an object");
  });

  it("may hold scalars, empty tensors and escaped names", () => {
    const header = `{"s\\"\\u00e9\\\\":${info(0, 8, [], "F64")},"none":${info(8, 8, [0, 3])}}`;
    const file = open(header);
    expect(file.info('s"é\\').shape).toEqual([]);
    expect([...file.chunks("none")]).toEqual([]);
  });
});

describe("chunks", () => {
  it("are whole rows within the limit, and one row where a row is longer", () => {
    const file = open(`{"a":${info(0, 40, [5, 4], "F16")}}`, 40);
    const counts = (most: number) => [...file.chunks("a", most)].map(({ count }) => count);
    expect(counts(100)).toEqual([20]);
    expect(counts(9)).toEqual([8, 8, 4]);
    expect(counts(1)).toEqual([4, 4, 4, 4, 4]);
  });

  it("of an unknown name are refused", () => {
    const file = open(`{"a":${info(0, 8)}}`);
    expect(() => file.chunks("b").next()).toThrow("has no tensor `b`");
  });
});

const hostile: [what: string, bytes: Uint8Array, message: string][] = [
  ["an empty file", Buffer.alloc(0), "too few"],
  ["header length 0", Buffer.concat([u64(0), Buffer.alloc(8)]), "too small"],
  ["header length 2^63", Buffer.concat([u64(2n ** 63n), Buffer.alloc(8)]), "above the limit"],
  ["header length 2^64-1", Buffer.concat([u64(2n ** 64n - 1n)]), "above the limit"],
  ["a header above 100 MB", Buffer.concat([u64(100_000_001), Buffer.alloc(8)]), "above the limit"],
  ["a header longer than the file", Buffer.concat([u64(1000), Buffer.from("{}")]), "past the end"],
];
const hostileHeaders: [what: string, header: string | Uint8Array, message: string][] = [
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x22, 0x7d]), "not UTF-8"],
  ["text that does not start with {", `[${info(0, 8)}]`, "does not start"],
  ["a zero byte", `{"a":${info(0, 8)}}\0`, "zero byte"],
  ["a space first", ` {"a":${info(0, 8)}}`, "does not start"],
  ["text after the end", `{"a":${info(0, 8)}}x`, "text after"],
  ["a header cut short", `{"a":${info(0, 8)}`, "expected `}`"],
  ["a name given twice", `{"a":${info(0, 4)},"a":${info(4, 8)}}`, "given twice"],
  ["a name given twice, once escaped", `{"a":${info(0, 4)},"\\u0061":${info(4, 8)}}`, "twice"],
  ["a field given twice", `{"a":{"dtype":"U8","dtype":"I8"}}`, "given twice"],
  ["the name __proto__", `{"__proto__":${info(0, 8)}}`, "__proto__"],
  ["metadata __proto__", `{"__metadata__":{"__proto__":"x"},"a":${info(0, 8)}}`, "__proto__"],
  ["a name without an end", `{"a`, "without an end"],
  ["tensors that overlap", `{"a":${info(0, 5)},"b":${info(4, 8)}}`, "overlaps"],
  ["a hole between tensors", `{"a":${info(0, 3)},"b":${info(4, 8)}}`, "belong to no tensor"],
  ["a hole at the start", `{"a":${info(1, 8)}}`, "belong to no tensor"],
  ["bytes left at the end", `{"a":${info(0, 7)}}`, "belong to no tensor"],
  ["offsets past the end", `{"a":${info(0, 9)}}`, "past the end"],
  ["reversed offsets", `{"a":${info(8, 0, [8])}}`, "reversed"],
  ["negative offsets", `{"a":${info(-8, 0, [8])}}`, "data_offsets"],
  ["fractional offsets", `{"a":${info(0, 7.5, [8])}}`, "data_offsets"],
  ["one offset", `{"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}}`, "data_offsets"],
  [
    "offsets above 2^53",
    `{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,1e300]}}`,
    "data_offsets",
  ],
  ["a shape of another size", `{"a":${info(0, 8, [7])}}`, "7 bytes by its shape and 8"],
  ["a shape whose size overflows", `{"a":${info(0, 8, [2 ** 40, 2 ** 40])}}`, "overflows"],
  ["a shape that overflows to 0", `{"a":${info(0, 8, "[4294967296,4294967296,0]")}}`, "overflows"],
  ["a negative size", `{"a":${info(0, 8, [-8])}}`, "invalid shape"],
  ["65 dimensions", `{"a":${info(0, 8, Array(65).fill(1))}}`, "invalid shape"],
  ["an unknown dtype", `{"a":${info(0, 8, [8], "Q4")}}`, "unknown dtype `Q4`"],
  ["the dtype toString", `{"a":${info(0, 8, [8], "toString")}}`, "unknown dtype"],
  ["a missing dtype", `{"a":{"shape":[8],"data_offsets":[0,8]}}`, "no dtype"],
  ["a tensor that is a number", `{"a":3}`, "not an object"],
  ["metadata that is no text", `{"__metadata__":{"n":1},"a":${info(0, 8)}}`, "not a string"],
  ["metadata that is a list", `{"__metadata__":[],"a":${info(0, 8)}}`, "not an object"],
  ["deep nesting", `{"a":${"[".repeat(5000)}`, "nested deeper"],
  ["an invalid escape", `{"a\\x":${info(0, 8)}}`, "invalid string"],
  ["a line break in a name", `{"a\n":${info(0, 8)}}`, "invalid string"],
];

describe("a hostile header is refused with its reason", () => {
  it.each(hostile)("%s", (_, bytes, message) => {
    expect(() => readSafetensors(memoryFile(bytes))).toThrow(FormatError);
    expect(() => readSafetensors(memoryFile(bytes))).toThrow(message);
  });
  it.each(hostileHeaders)("%s", (_, header, message) => {
    expect(() => open(header)).toThrow(FormatError);
    expect(() => open(header)).toThrow(message);
  });
  it("a header of millions of values", () => {
    const header = `{"a":[${"0,".repeat(5_000_000)}0]}`;
    expect(() => open(header)).toThrow("values");
  });
});
