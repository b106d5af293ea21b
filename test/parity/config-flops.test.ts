/** FLOPs against PyTorch's counter and transformers' total_flos; see config-flops-fixtures.py. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  countNonEmbeddingParameters,
  type FlopModel,
  totalFlos,
  trainingFlops,
} from "../../src/train/flops.js";

interface Case {
  tied: boolean;
  rank: number;
  length: number;
  counted: number;
  total_flos: number;
  config: Omit<FlopModel, "tie_word_embeddings">;
}

const file = new URL("./fixtures/config-flops.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

it.each(cases)("tied $tied, rank $rank: equals both references", (one) => {
  const model = { ...one.config, tie_word_embeddings: one.tied };
  const adapter = one.rank > 0 ? { rank: one.rank, targets: "all" as const } : undefined;
  const { length } = one;
  expect(totalFlos(countNonEmbeddingParameters(model, adapter), length)).toBe(one.total_flos);
  // PyTorch counts the whole square of attention, of which causal attention needs half.
  const half =
    6 * model.num_attention_heads * model.head_dim * length ** 2 * model.num_hidden_layers;
  const batch = { lengths: [length], labelledTokens: length };
  expect(trainingFlops(model, batch, adapter) + half).toBe(one.counted);
});
