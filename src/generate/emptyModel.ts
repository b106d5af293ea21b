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
import { describeModel, modelParameters, readModelConfig } from "../models/index.js";
import { tidy } from "../tensor/index.js";
import { writeTestModel } from "./testModel.js";

/** Names and shapes of a model's weights as its files have them. */
function weightsOf(directory: string): { name: string; shape: number[] }[] {
  return tidy(() => {
    const model = describeModel(readModelConfig(directory));
    const linears = model.branches.flatMap((branch) => Object.values(branch.linears));
    const stacks = new Map(
      linears.flatMap((one) => one.parameters().map(({ name }) => [name, one])),
    );
    return modelParameters(model).flatMap(({ name, tensor }) => {
      const shape = [...tensor.shape];
      const kind = name.slice(name.lastIndexOf(".") + 1);
      const parts = stacks.get(name)?.parts;
      if (!parts) return [{ name, shape }];
      return parts.map((part) => ({
        name: `${part.name}.${kind}`,
        shape: [part.outFeatures, ...shape.slice(1)],
      }));
    });
  });
}

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
  for (const { name, shape } of weightsOf(directory)) {
    const bytes = 2 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [end, end + bytes] };
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
