/** Whether a model that was written computes what that which was read does. */
import type { ModelPlace } from "../../generate/index.js";
import { layeredLogits } from "../../lora/index.js";
import { type Tensor, tidy } from "../../tensor/index.js";
import type { ModelText } from "./textFiles.js";

/** How far apart logits are. */
export interface Comparison {
  rows: number;
  tokens: number;
  /** Largest difference of a logit, and the largest logit of the model that was read. */
  largest_difference: number;
  largest_logit: number;
  /** Tokens after which both find the same next one most likely. */
  same_choice: number;
}

const texts = [
  "The quick brown fox jumps over the lazy dog. Is 17 a prime number? Yes, because",
  "请用一句话介绍一下你自己。我可以回答问题、写文章，",
  "def mean(values):\n    return sum(values) / len(values)\n\nprint(mean([1, 2.5, 3]))",
  "Q: What is the capital of France?\nA: Paris.\nQ: 水在多少度沸腾？\nA: 100 °C 🙂",
];

/** Longest row that is compared, in tokens. */
const ROW_TOKENS = 64;

/**
 * Computes the logits of some rows in float32, layer by layer: of the model that was read, with the
 * adapters beside it, and of the one that was written.
 *
 * @param written directory
 */
export function compareWritten(
  place: ModelPlace,
  written: string,
  rows: readonly Int32Array[],
): Comparison {
  return tidy(() => {
    const expected = layeredLogits(place.path, place.adapters, rows, place.weights); // [n, vocab]
    const actual = layeredLogits(written, [], rows); // [n, vocab]
    const largest = (x: Tensor) => x.abs().view([-1]).amax([0]).item();
    const choices = [expected, actual].map((x) => x.argmax(1));
    return {
      rows: rows.length,
      tokens: expected.size(0),
      largest_difference: largest(actual.sub(expected)),
      largest_logit: largest(expected),
      same_choice: choices[0]!.eq(choices[1]!).to({ dtype: "int64" }).sum([0]).item(),
    };
  });
}

/** Rows to compare: short texts, or ids spread over the vocabulary where there is no tokenizer. */
export async function rowsToCompare(
  { tokenizer }: ModelText,
  vocabulary: number,
): Promise<Int32Array[]> {
  const rows: Int32Array[] = [];
  for (const [row, text] of texts.entries()) {
    const ids = tokenizer
      ? [...(await tokenizer.encode(text))].filter((id) => id < vocabulary)
      : Array.from({ length: 16 }, (_, i) => ((row * 16 + i) * 7919) % vocabulary);
    if (ids.length > 0) rows.push(Int32Array.from(ids.slice(0, ROW_TOKENS)));
  }
  return rows;
}
