/** Dropout that config.json asks for, which other trainers apply in training. */
import { keyReader } from "../format/index.js";
import type { ModelConfig } from "./config.js";

/** Its keys in the configurations of transformers and of publishers. */
const KEYS = [
  "attention_dropout",
  "attn_pdrop",
  "resid_pdrop",
  "embd_pdrop",
  "hidden_dropout",
  "hidden_dropout_prob",
];

/** One line for each rate above 0; the published models of every family have 0. */
export function dropoutNotes({ raw }: ModelConfig): string[] {
  const keys = keyReader(raw, "config.json");
  return KEYS.flatMap((key) => {
    const rate = keys.number(key, { least: 0, most: 1 }) ?? 0;
    if (rate === 0) return [];
    return `${key} is ${rate} in the model's config.json, and is not applied: the only dropout in training is that of adapters, lora_dropout.`;
  });
}
