/** JSON files of a model directory. */
import { readFileSync, statSync } from "node:fs";
import { FormatError } from "../util/errors.js";
import { isObject } from "./keyReader.js";

/** The index of a model of a thousand shards takes about 10 MiB. */
const MAX_JSON_BYTES = 64 << 20;

/** @throws FormatError when the file cannot be read or does not hold a JSON object */
export function readJsonObject(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    const { size } = statSync(path);
    if (size > MAX_JSON_BYTES) throw new Error(`${size} bytes are too many for a JSON file`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new FormatError(`${path} does not exist`, {
        todo: "copy it from the model's repository, or name the folder that has it",
        cause,
      });
    }
    throw new FormatError(`${path}: cannot be read as JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "download the file again",
      cause,
    });
  }
  if (!isObject(value)) throw new FormatError(`${path}: should contain a JSON object`);
  return value;
}
