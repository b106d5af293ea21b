import { describe, expect, it } from "vitest";
import { readPackedJson } from "../../test/packedJson.js";
import { parseModelConfig } from "./config.js";
import { chooseType, type GgufFileType } from "./ggufMix.js";
import { llamaDefaults } from "./llama.js";

/** What llama.cpp's quantizer chose, `test/parity/gguf_fixtures.py`. */
interface Case {
  layers: number;
  width: number;
  heads: number;
  key_heads: number;
  tied: boolean;
  types: Partial<Record<GgufFileType, Record<string, string>>>;
}
const file = new URL("../../test/parity/fixtures/gguf/types.json.gz", import.meta.url);
const cases = readPackedJson<Record<string, Case>>(file);

describe.each(Object.entries(cases))("types of tensors, model %s", (_, one) => {
  const config = parseModelConfig(
    {
      model_type: "llama",
      vocab_size: 64,
      hidden_size: one.width,
      intermediate_size: 256,
      num_hidden_layers: one.layers,
      num_attention_heads: one.heads,
      num_key_value_heads: one.key_heads,
    },
    "config.json",
    llamaDefaults,
  );

  it.each(Object.keys(one.types) as GgufFileType[])("%s: those of llama-quantize", (type) => {
    const expected = one.types[type]!;
    const chosen = Object.keys(expected).map((name) => {
      const isNorm = name.includes("norm");
      const shape = isNorm ? [one.width] : [64, name.includes("ffn_down") ? 256 : one.width];
      const isHead = name === (one.tied ? "token_embd.weight" : "output.weight");
      return [name, chooseType({ name, shape }, type, config, isHead).type];
    });
    expect(Object.fromEntries(chosen)).toEqual(expected);
  });
});
