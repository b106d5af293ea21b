/** Access to the stored reference values that the scripts beside this file made. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openSafetensors } from "../../src/format/index.js";
import type { DType } from "../../src/tensor/index.js";

/** Full path of a file under test/parity/fixtures. */
export function fixture(name: string): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.url)), "fixtures", name);
}

export interface FixtureTensor {
  shape: number[];
  values: Float32Array;
}

/** The float32 tensors of a safetensors file. */
export function fixtureTensors(name: string): Map<string, FixtureTensor> {
  const file = openSafetensors(fixture(name));
  try {
    return new Map(
      file.names().map((key) => {
        const { shape } = file.info(key);
        const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
        for (const chunk of file.chunks(key)) {
          if (chunk.dtype !== "F32") continue;
          values.set(new Float32Array(chunk.data.slice().buffer), chunk.start);
        }
        return [key, { shape, values }];
      }),
    );
  } finally {
    file.close();
  }
}

export interface FixtureBytes {
  shape: number[];
  dtype: DType;
  bytes: Uint8Array<ArrayBuffer>;
}

const dtypes: Record<string, DType> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  U8: "uint8",
};

/** Every tensor of a safetensors file, in the type it is stored in. */
export function fixtureRaw(name: string): Map<string, FixtureBytes> {
  const file = openSafetensors(fixture(name));
  const read = (key: string) => {
    const { shape, dtype } = file.info(key);
    const parts = [...file.chunks(key)].map(({ data }) => data.slice());
    return { shape, dtype: dtypes[dtype]!, bytes: Uint8Array.from(Buffer.concat(parts)) };
  };
  const all = new Map(file.names().map((key) => [key, read(key)]));
  file.close();
  return all;
}
