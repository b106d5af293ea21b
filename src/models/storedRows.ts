/** Weights in memory as their files have them. */
import { type StoredRows, type StoredType, storedTypes } from "../nn/index.js";
import { empty, releaseBytes, tidy } from "../tensor/index.js";
import type { ModelSource } from "./types.js";
import { writtenDTypes } from "./weightTypes.js";

/** Half types are read as they are, where float32 would be twice as many bytes for the same values. */
const halfTypes = ["F16", "BF16"];

/**
 * The rows of a weight as its file has them, for products that read them so.
 *
 * @returns undefined for a weight in single values of float32, or of a type without such products
 */
export function readStoredRows(source: ModelSource, name: string): StoredRows[] | undefined {
  const blocks = source.blocks?.(name);
  if (blocks) {
    if (!blocks.every(({ type }) => type in storedTypes)) return undefined;
    return blocks.map(({ type, rows, rowBytes, readInto }) => {
      const tensor = empty([rows, rowBytes], { dtype: "uint8" });
      const bytes = tensor.bytes();
      readInto(bytes);
      releaseBytes(bytes);
      return { type: type as StoredType, tensor };
    });
  }
  const { shape, dtype, storedType } = source.info(name);
  if (storedType !== dtype || !halfTypes.includes(dtype) || shape.length !== 2) return undefined;
  const tensor = empty([...shape], { dtype: writtenDTypes[dtype]! });
  const bytes = tidy(() => tensor.viewDtype("uint8").view([-1]).bytes());
  for (const { start, data } of source.chunks(name)) bytes.set(data, start * 2);
  releaseBytes(bytes);
  return [{ type: dtype as StoredType, tensor }];
}
