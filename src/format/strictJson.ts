/**
 * JSON for file headers. Unlike `JSON.parse` it refuses a key given twice and the key `__proto__`
 * and limits nesting, because a header that two readers understand differently is an attack.
 */
import { FormatError } from "../util/errors.js";
import { readJson } from "../util/json/index.js";

export type StrictJson = null | boolean | number | string | StrictJson[] | Map<string, StrictJson>;

/**
 * Parses a JSON text whose objects become maps.
 * @param where what the text is, for messages, such as `model.safetensors: header`
 * @throws FormatError with the character position
 */
export function parseStrictJson(
  text: string,
  where: string,
  { maxDepth = 8, maxValues = 1 << 22 } = {},
): StrictJson {
  const fail = (what: string, at: number): never => {
    throw new FormatError(`${where}: ${what} at character ${at}`, {
      todo: "the file is damaged or not of this format; download it again",
    });
  };
  return readJson<StrictJson>(text, {
    number: Number,
    object(keys, values, at) {
      const entries = new Map<string, StrictJson>();
      for (const [index, key] of keys.entries()) {
        if (key === "__proto__") fail("key `__proto__` is not allowed", at);
        if (entries.has(key)) fail(`key ${JSON.stringify(key.slice(0, 100))} given twice`, at);
        entries.set(key, values[index]!);
      }
      return entries;
    },
    list: (items) => items,
    other: (value) => value,
    maxDepth,
    maxValues,
    fail,
  });
}
