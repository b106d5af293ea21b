/** FLOPs against PyTorch's counter and transformers' total_flos; see config-flops-fixtures.py. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeAdapter } from "../../src/lora/index.js";
import { configure, describeModel, trainAllParameters } from "../../src/models/index.js";
import { tidy } from "../../src/tensor/index.js";
import { totalFlos, trainingFlops } from "../../src/train/flops.js";

interface Case {
  family: string;
  targets: string[];
  tied: boolean;
  rank: number;
  length: number;
  counted: number;
  total_flos: number;
  config: Record<string, number>;
}

const file = new URL("./fixtures/config-flops.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

/** The model of a case as a description, with what is trained marked. */
function described({ family, targets, config, tied, rank }: Case) {
  const raw = { model_type: family, ...config, tie_word_embeddings: tied };
  const model = describeModel(configure(raw, "config.json"));
  if (rank === 0) {
    trainAllParameters(model);
    return model;
  }
  const options = { r: rank, lora_alpha: 16, lora_dropout: 0, target_modules: targets };
  describeAdapter(model, options);
  return model;
}

it.each(cases)("$family, tied $tied, rank $rank: equals both references", (one) => {
  tidy(() => {
    const model = described(one);
    const { length } = one;
    expect(totalFlos(model, length)).toBe(one.total_flos);
    // PyTorch counts the whole square of attention, of which causal attention needs half.
    const half = model.branches.reduce((sum, { attention }) => {
      if (!attention) return sum;
      const { heads, headDim, valueDim = headDim } = attention;
      return sum + 3 * heads * (headDim + valueDim) * length ** 2;
    }, 0);
    const batch = { lengths: [length], labelledTokens: length };
    expect(trainingFlops(model, batch) + half).toBe(one.counted);
  });
});
