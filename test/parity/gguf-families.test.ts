/** GGUF files of every family against the checkpoints that they were converted from. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  forward,
  loadModel,
  type ModelConfig,
  modelTensors,
  openModelWeights,
} from "../../src/models/index.js";
import { dispose, liveTensors, tidy } from "../../src/tensor/index.js";
import { fixture, fixtureTensors } from "./fixtures.js";
import { expectClose, passUlps } from "./tolerance.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-gguf-families-"));
afterAll(() => rmSync(work, { recursive: true }));

const families = readdirSync(fixture("families")).filter((name) =>
  existsSync(fixture(`families/${name}/model.gguf`)),
);

/** What GGUF files do not hold, by family: what the checkpoint has to say for the same results. */
const notHeld: Record<string, Record<string, unknown>> = {
  gemma2: { query_pre_attn_scalar: 16 },
  gemma3_text: { query_pre_attn_scalar: 16 },
  internlm2: { rope_scaling: null },
};

/** The checkpoint that a GGUF file says the same as. */
function checkpoint(name: string): string {
  const original = fixture(`families/${name}/model`);
  const changes = notHeld[name];
  if (!changes) return original;
  const folder = path.join(work, name);
  cpSync(original, folder, { recursive: true });
  const file = path.join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...config, ...changes }));
  return folder;
}

function logits(model: string, ids: readonly number[]): Float32Array {
  return tidy(() => {
    const loaded = loadModel(model, { dtype: "float32" });
    const values = forward(loaded, Int32Array.from(ids)).detach().contiguous().bytes().slice();
    dispose(modelTensors(loaded));
    return new Float32Array(values.buffer);
  });
}

/** What a configuration computes by; GGUF files keep numbers in single precision. */
function facts({
  stored,
  raw,
  architectures,
  eos_token_id,
  bos_token_id,
  pad_token_id,
  dtype,
  ...rest
}: ModelConfig) {
  const single = (value: unknown): unknown => {
    if (typeof value === "number") return Math.fround(value);
    if (Array.isArray(value)) return value.map(single);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, single(inner)]));
  };
  return single(rest) as Omit<typeof rest, "rope_scaling"> & { rope_scaling: object | null };
}

function config(model: string): ModelConfig {
  const source = openModelWeights(model);
  source.close();
  return source.config;
}

it("there is one for every architecture", () => {
  const families = new Set(
    readdirSync(fixture("families")).flatMap((name) => {
      const file = fixture(`families/${name}/model.gguf`);
      return existsSync(file) ? [config(file).model_type] : [];
    }),
  );
  expect([...families].sort()).toEqual([
    "chatglm",
    "gemma2",
    "gemma3_text",
    "glm4",
    "internlm2",
    "mistral",
    "olmo2",
    "phi3",
  ]);
});

const { cases } = JSON.parse(readFileSync(fixture("families/cases.json"), "utf8")) as {
  cases: { name: string; sequences: { ids: number[] }[] }[];
};

describe.each(families)("%s", (name) => {
  const file = fixture(`families/${name}/model.gguf`);

  it("has the configuration", () => {
    const { rope_scaling: scaling, ...ours } = facts(config(file));
    const { rope_scaling: theirs, ...expected } = facts(config(checkpoint(name)));
    expect(ours).toEqual(expected);
    // What LongRoPE multiplies with is stored as a number in GGUF files.
    if (theirs === null) expect(scaling).toBeNull();
    else expect(scaling).toMatchObject(theirs);
  });

  it("has the names and shapes, and the values but for the rounding of norms", () => {
    const [ours, theirs] = [openModelWeights(file), openModelWeights(checkpoint(name))];
    const weights = theirs.names().filter((one) => !one.endsWith("inv_freq"));
    expect(ours.names().sort()).toEqual(weights.sort());
    for (const weight of weights) {
      expect(ours.info(weight).shape, weight).toEqual(theirs.info(weight).shape);
    }
    for (const source of [ours, theirs]) source.close();
  });

  it("computes what the checkpoint computes", () => {
    const before = liveTensors();
    const { sequences } = cases.find((one) => one.name === name)!;
    const model = checkpoint(name);
    for (const { ids } of sequences) {
      expectClose(logits(file, ids), logits(model, ids), passUlps(2, 64), `${ids.length} ids`);
    }
    expect(liveTensors()).toBe(before);
  });

  it.skipIf(notHeld[name])("computes what transformers computes", () => {
    const { sequences } = cases.find((one) => one.name === name)!;
    const expected = fixtureTensors(`families/${name}/expected.safetensors`);
    sequences.forEach(({ ids }, i) => {
      const theirs = expected.get(`logits.${i}`)!.values;
      expectClose(logits(file, ids), theirs, passUlps(2, 64), `${ids.length} ids`);
    });
  });
});
