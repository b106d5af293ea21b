/** Access to the stored reference values that the scripts beside this file made. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openSafetensors } from "../../src/format/index.js";

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

/** The uint8 tensors of a safetensors file. */
export function fixtureBytes(name: string): Map<string, Uint8Array> {
  const file = openSafetensors(fixture(name));
  try {
    const names = file.names().filter((key) => file.info(key).dtype === "U8");
    return new Map(
      names.map((key) => [
        key,
        Uint8Array.from([...file.chunks(key)].flatMap(({ data }) => [...data])),
      ]),
    );
  } finally {
    file.close();
  }
}
