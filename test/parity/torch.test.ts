/** Files of torch.save read as torch.load reads them, and without running anything. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  openSafetensors,
  openTorchFile,
  type WeightReader,
} from "../../src/format/index.js";
import { loadAdapter, quantizeLinear } from "../../src/lora/index.js";
import {
  forward,
  type LoadOptions,
  loadModel,
  modelTensors,
  openModelWeights,
  saveModel,
} from "../../src/models/index.js";
import { dispose, tidy } from "../../src/tensor/index.js";
import { FormatError } from "../../src/util/errors.js";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));
const fixture = (name: string) => join(fixtures, "torch", name);

/** Everything about a weight: its type, shape and bytes. */
function readWhole(weights: WeightReader, name: string, maxElements: number) {
  const { shape, dtype } = weights.info(name);
  const pieces: Uint8Array[] = [];
  let next = 0;
  for (const { start, count, data } of weights.chunks(name, maxElements)) {
    expect(start).toBe(next);
    next += count;
    pieces.push(data.slice());
  }
  expect(next).toBe(elementCount(shape));
  return { shape, dtype, bytes: Buffer.concat(pieces).toString("hex") };
}

function expectSame(weights: WeightReader, expected: WeightReader, maxElements: number): void {
  expect(weights.names().sort()).toEqual(expected.names().sort());
  for (const name of expected.names()) {
    expect(readWhole(weights, name, maxElements), name).toEqual(
      readWhole(expected, name, DEFAULT_CHUNK_ELEMENTS),
    );
  }
}

describe.each(["zip", "legacy", "protocol4", "zip64"])("%s.bin", (name) => {
  it.each([1, 40, DEFAULT_CHUNK_ELEMENTS])(
    "has torch.load's values, %i at a time",
    (maxElements) => {
      const weights = openTorchFile(fixture(`${name}.bin`));
      const expected = openSafetensors(fixture("expected.safetensors"));
      expectSame(weights, expected, maxElements);
      weights.close();
      expected.close();
    },
  );
});

it("a model in pickled shards has the weights that it has as safetensors", () => {
  const weights = openModelWeights(fixture("model"));
  const expected = openModelWeights(join(fixtures, "families", "baichuan-7b", "model"));
  expectSame(weights, expected, DEFAULT_CHUNK_ELEMENTS);
  weights.close();
  expected.close();
});

describe("a pickled model and adapter", () => {
  const folders = {
    safetensors: join(fixtures, "families", "baichuan-7b"),
    pickled: join(fixtures, "torch"),
  };
  /** Logits, and what is saved, of the model in a folder. */
  function compute(folder: string, options: LoadOptions, adapter: boolean) {
    const model = loadModel(join(folder, "model"), options);
    try {
      if (adapter) loadAdapter(model, join(folder, "adapter"));
      const out = mkdtempSync(join(tmpdir(), "pickled-"));
      if (!adapter) saveModel(model, out, "float32");
      const ids = Int32Array.of(5, 9, 7, 33, 2);
      const logits = tidy(() => Buffer.from(forward(model, ids).bytes()).toString("hex"));
      const saved = adapter ? "" : readFileSync(join(out, "model.safetensors")).toString("hex");
      rmSync(out, { recursive: true });
      return { logits, saved };
    } finally {
      dispose(modelTensors(model));
    }
  }

  it.each<[string, LoadOptions, boolean]>([
    ["in their own type", {}, false],
    ["in float32", { dtype: "float32" }, false],
    ["in NF4", { dtype: "float32", transform: quantizeLinear }, false],
    ["with the adapter", { dtype: "float32" }, true],
    ["in NF4 with the adapter", { dtype: "float32", transform: quantizeLinear }, true],
  ])("compute and save, %s, what safetensors do", (_, options, adapter) => {
    const pickled = compute(folders.pickled, options, adapter);
    expect(pickled).toEqual(compute(folders.safetensors, options, adapter));
  });
});

const messages = JSON.parse(readFileSync(fixture("refused.json"), "utf8")) as Record<
  string,
  string
>;

describe("what is no dictionary of tensors is refused by its name, and nothing is run", () => {
  it.each(readdirSync(fixture("refused")))("%s", (file) => {
    const open = () => openTorchFile(fixture(`refused/${file}`));
    expect(open).toThrow(FormatError);
    expect(open).toThrow(messages[basename(file, ".bin")]);
    expect(existsSync("/tmp/torch-pickle-was-run")).toBe(false);
  });

  it("compressed entries", () => {
    expect(() => openTorchFile(fixture("compressed.bin"))).toThrow(
      "entry `zip/data.pkl` is compressed (method 8)",
    );
  });
});
