/** Perplexities of texts under a model, for filter_perplexity. */
import type { ScorePerplexity } from "../../../curate/clean/index.js";
import { disposeChatModel, loadChatModel } from "../../../generate/index.js";
import { prepareModel } from "../../../models/index.js";
import { tidy } from "../../../tensor/index.js";
import { evaluationPass } from "../../../train/index.js";

export interface Scorer {
  score: ScorePerplexity;
  close(): void;
}

/** Longer texts are judged by their beginning. */
const maxTokens = 1024;

/**
 * Perplexity is exp of the mean negative log-likelihood of each token after the first, given those
 * before it; the text is encoded without special tokens.
 * @param name model directory, GGUF file, `builtin:` name or adapter directory
 * @throws ConfigError, FormatError where the model cannot be loaded
 */
export async function loadScorer(name: string): Promise<Scorer> {
  const chat = await loadChatModel(name);
  const { model, tokenizer } = chat;
  const prepared = prepareModel(model);
  const perplexity = (ids: Int32Array): number => {
    if (ids.length < 2) return Number.NaN;
    const settings = { groupTokens: ids.length, lossFactor: 1 / (ids.length - 1) };
    const text = { inputIds: ids, labels: ids };
    return Math.exp(tidy(() => evaluationPass(prepared, [text], settings).item()));
  };
  return {
    async score(texts) {
      const encoded = await tokenizer.encodeBatch([...texts], { plain: true });
      return encoded.map((ids) => perplexity(ids.subarray(0, maxTokens)));
    },
    close() {
      prepared.dispose();
      disposeChatModel(chat);
    },
  };
}
