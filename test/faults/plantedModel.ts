/**
 * Copies of the test model with weights that fail for a single character, in a chosen place. One
 * dimension of the hidden states, the channel, is taken out of the model: only the embedding of the
 * character writes to it, and only the place that is to fail reads it.
 */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { writeTestModel } from "../../src/generate/testModel.js";
import type { FaultContext } from "./fault.js";
import { pick } from "./fault.js";
import { scratch } from "./runs.js";

/** The character that no good row has. */
export const rare = "一";

/** Weights of float32 by name, to be changed. */
export interface Weights {
  names: string[];
  get(name: string, row: number, column?: number): number;
  set(name: string, value: number, row: number, column?: number): void;
  shape(name: string): readonly number[];
}

let original: string | undefined;

/** @returns the directory of a copy of the test model with other weights */
export function changedModel(change: (weights: Weights, rareId: number) => void): string {
  original ??= writeTestModel();
  const directory = scratch("model");
  cpSync(original, directory, { recursive: true });
  const { model } = JSON.parse(readFileSync(path.join(directory, "tokenizer.json"), "utf8"));
  const file = path.join(directory, "model.safetensors");
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { data_offsets: [number, number]; shape: number[] }> = JSON.parse(
    bytes.toString("utf8", 8, start),
  );
  const at = (name: string, row: number, column: number) => {
    const { data_offsets, shape } = header[name]!;
    return start + data_offsets[0] + 4 * (row * (shape[1] ?? 1) + column);
  };
  const weights: Weights = {
    names: Object.keys(header).filter((name) => name !== "__metadata__"),
    shape: (name) => header[name]!.shape,
    get: (name, row, column = 0) => bytes.readFloatLE(at(name, row, column)),
    set: (name, value, row, column = 0) => bytes.writeFloatLE(value, at(name, row, column)),
  };
  change(weights, model.vocab[rare]);
  writeFileSync(file, bytes);
  return directory;
}

const layers = [0, 1];
const readers = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"].concat([
  "mlp.gate_proj",
  "mlp.up_proj",
]);
const writers = ["self_attn.o_proj", "mlp.down_proj"];
const weightOf = (layer: number, name: string) => `model.layers.${layer}.${name}.weight`;

/** Takes a dimension out of the model; only the rare character's embedding has a value there. */
function openChannel(weights: Weights, channel: number, rareId: number): void {
  const clear = (name: string, isColumn: boolean) => {
    const [rows, columns] = weights.shape(name) as [number, number];
    for (let i = 0; i < (isColumn ? rows : columns); i++) {
      weights.set(name, 0, isColumn ? i : channel, isColumn ? channel : i);
    }
  };
  for (const name of ["model.embed_tokens.weight", "lm_head.weight"]) clear(name, true);
  for (const layer of layers) {
    for (const name of readers) clear(weightOf(layer, name), true);
    for (const name of writers) clear(weightOf(layer, name), false);
  }
  weights.set("model.embed_tokens.weight", 100, rareId, channel);
}

function clearRow(weights: Weights, name: string, row: number): void {
  const columns = weights.shape(name)[1]!;
  for (let column = 0; column < columns; column++) weights.set(name, 0, row, column);
}

/** A way to make a model fail, with what a run must say of it. */
export interface Damage {
  model: string;
  /** The beginnings of the `layer` of the event, one of which it must have. */
  layers: string[];
  /** Weights that are not finite themselves. */
  weights: string[];
  /** Whether only rows with the rare character fail. */
  isLocal: boolean;
}

type Random = FaultContext["random"];

/** What the embedding of the character is, is no number. */
function embedding(random: Random): Damage {
  const bad = pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], random);
  const name = "model.embed_tokens.weight";
  const model = changedModel((weights, rareId) => weights.set(name, bad, rareId, random(32)));
  return { model, layers: [`${name} (forward)`], weights: [name], isLocal: true };
}

/** In a layer's feed-forward part, a product of the character's values overflows. */
function feedForward(random: Random): Damage {
  const [layer, channel, unit] = [random(2), random(32), random(48)];
  const model = changedModel((weights, rareId) => {
    openChannel(weights, channel, rareId);
    for (const name of ["mlp.gate_proj", "mlp.up_proj"]) {
      clearRow(weights, weightOf(layer, name), unit);
      weights.set(weightOf(layer, name), 1e19, unit, channel);
    }
  });
  return { model, layers: [`model.layers.${layer}.mlp (forward)`], weights: [], isLocal: true };
}

/** In a layer's attention, the character's score overflows. */
function attention(random: Random): Damage {
  const [layer, channel] = [random(2), random(32)];
  const model = changedModel((weights, rareId) => {
    openChannel(weights, channel, rareId);
    // Rotations mix a unit with the one half a head further, and two heads of queries share the keys.
    const [query, key] = [weightOf(layer, "self_attn.q_proj"), weightOf(layer, "self_attn.k_proj")];
    for (const unit of [0, 8, 16, 24]) clearRow(weights, query, unit);
    for (const unit of [0, 8]) clearRow(weights, key, unit);
    for (const name of [query, key]) weights.set(name, 1e19, 0, channel);
  });
  const layers = [`model.layers.${layer}.self_attn (forward)`];
  return { model, layers, weights: [], isLocal: true };
}

/** A logit of the character overflows. */
function head(random: Random): Damage {
  const [channel, token] = [random(32), random(128)];
  const model = changedModel((weights, rareId) => {
    openChannel(weights, channel, rareId);
    weights.set("model.norm.weight", 1e19, channel);
    weights.set("lm_head.weight", 1e19, token, channel);
  });
  return { model, layers: ["the output head (forward)"], weights: [], isLocal: true };
}

/**
 * A gradient of the character overflows, where all values are small: a gate that is shut has a
 * gradient all the same.
 *
 * @param size 1e30 for a gradient that is no number, 1e19 for one whose square is none
 */
const gradient =
  (size: number) =>
  (random: Random): Damage => {
    const [layer, channel, unit, output] = [random(2), random(32), random(48), random(32)];
    const model = changedModel((weights, rareId) => {
      openChannel(weights, channel, rareId);
      for (const name of ["mlp.gate_proj", "mlp.up_proj"]) {
        clearRow(weights, weightOf(layer, name), unit);
      }
      weights.set(weightOf(layer, "mlp.up_proj"), size, unit, channel);
      const to = output === channel ? (output + 1) % 32 : output;
      weights.set(weightOf(layer, "mlp.down_proj"), size, to, unit);
    });
    return { model, layers: [`model.layers.${layer}.mlp (backward)`], weights: [], isLocal: true };
  };

/** One number of any weight but the embedding is none. */
function weight(random: Random): Damage {
  let name = "";
  const bad = pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], random);
  const model = changedModel((weights) => {
    name = pick(
      weights.names.filter((one) => !one.includes("embed_tokens")),
      random,
    );
    const [rows, columns] = weights.shape(name) as [number, number | undefined];
    weights.set(name, bad, random(rows), random(columns ?? 1));
  });
  const layer = /^model\.layers\.\d+\./.exec(name)?.[0];
  const isAttention = /self_attn|input_layernorm/.test(name);
  const place = layer
    ? `${layer}${isAttention ? "self_attn" : "mlp"} (forward)`
    : "the output head";
  return { model, layers: [place], weights: [name], isLocal: false };
}

/** What can be damaged, and in which kinds of runs. */
export const damages: Readonly<
  Record<string, { damage: (random: Random) => Damage; runs: readonly (keyof typeof kinds)[] }>
> = {
  embedding: { damage: embedding, runs: ["lora", "full", "qlora"] },
  "feed-forward": { damage: feedForward, runs: ["lora", "full", "attention only"] },
  attention: { damage: attention, runs: ["lora", "full", "attention only"] },
  head: { damage: head, runs: ["lora", "qlora"] },
  gradient: { damage: gradient(1e30), runs: ["lora", "attention only"] },
  "square of a gradient": { damage: gradient(1e19), runs: ["lora", "full"] },
  weight: { damage: weight, runs: ["lora", "full", "qlora"] },
};

/** Kinds of runs in which nothing that is trained writes to the channel. */
export const kinds = {
  lora: [
    "--lora_rank=2",
    "--lora_dropout=0.1",
    "--lora_target=q_proj,k_proj,v_proj,gate_proj,up_proj",
  ],
  "attention only": ["--lora_rank=2", "--lora_target=q_proj,v_proj"],
  qlora: ["--bits=4", "--lora_rank=2", "--lora_target=q_proj,k_proj,v_proj,gate_proj,up_proj"],
  full: ["--train_mode=full", "--learning_rate=0.001"],
} as const;
