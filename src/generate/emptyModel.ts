/**
 * For tests and benchmarks of memory: a model directory of any size, whose weights are zeros in a file
 * with holes, which takes next to no disk.
 */
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { entryBytes } from "../format/index.js";
import { describeModel, readModelConfig, weightEntries } from "../models/index.js";
import { tidy } from "../tensor/index.js";
import { writeTestModel } from "./testModel.js";

/**
 * Writes such a model, with the tokenizer of the test model.
 *
 * @param config its config.json
 * @param bits what each bfloat16 weight is, as its two bytes; other than zero it takes disk
 */
export function writeEmptyModel(directory: string, config: object, bits = 0): void {
  mkdirSync(directory, { recursive: true });
  const tokenizer = writeTestModel();
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    copyFileSync(path.join(tokenizer, name), path.join(directory, name));
  }
  writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
  const header: Record<string, object> = {};
  let end = 0;
  const weights = tidy(() =>
    weightEntries(describeModel(readModelConfig(directory)), () => "bfloat16"),
  );
  for (const { name, shape, dtype } of weights) {
    const bytes = entryBytes({ dtype, shape });
    header[name] = { dtype, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path.join(directory, "model.safetensors"), "w");
  try {
    writeSync(file, length);
    writeSync(file, text);
    if (bits === 0) ftruncateSync(file, length.length + text.length + end);
    const chunk = Buffer.from(Uint16Array.from({ length: 1 << 20 }, () => bits).buffer);
    for (let left = bits === 0 ? 0 : end; left > 0; left -= chunk.length) {
      writeSync(file, chunk, 0, Math.min(left, chunk.length));
    }
  } finally {
    closeSync(file);
  }
}
