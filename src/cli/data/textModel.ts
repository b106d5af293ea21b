/** What data commands need of a model: tokenizer, chat template, size of the embedding. */
import { openModelWeights, readModelConfig } from "../../format/index.js";
import { fetchModel, isHubName } from "../../hub/index.js";
import {
  type ChatTemplate,
  loadTokenizer,
  resolveChatTemplate,
  type Tokenizer,
} from "../../text/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { ConfigError } from "../../util/errors.js";

export interface TextModel {
  /** Where the tokenizer was loaded from. */
  path: string;
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** Undefined where there is a tokenizer without a model. */
  embeddingRows: number | undefined;
}

/**
 * @param names.model the built-in model where neither it nor a tokenizer is named
 * @throws ConfigError when both are named, or the template does not fit
 * @throws FormatError when a file is missing or broken
 */
export async function openTextModel(names: {
  model?: string;
  tokenizer?: string;
  template?: string;
}): Promise<TextModel> {
  const { model, tokenizer: directory } = names;
  if (model !== undefined && directory !== undefined) {
    throw new ConfigError("--model and --tokenizer are both given", {
      why: "a model includes its tokenizer",
      todo: "keep one of them",
    });
  }
  const name = directory ?? model ?? builtinModelName;
  const onHub = isHubName(name);
  const path = await fetchModel(name, { parts: "text" });
  const tokenizer = await loadTokenizer(path);
  const template = resolveChatTemplate(names.template, tokenizer);
  if (directory !== undefined) return { path, tokenizer, template, embeddingRows: undefined };
  // Of a model on the hub the weights are not needed here, and may not have been downloaded yet.
  const apart = onHub && !path.endsWith(".gguf");
  const embeddingRows = apart ? readModelConfig(path).vocab_size : countEmbeddingRows(path);
  return { path, tokenizer, template, embeddingRows };
}

/** Rows of the embedding matrix, which can be more or fewer than the tokenizer has ids. */
export function countEmbeddingRows(path: string): number {
  const weights = openModelWeights(path);
  try {
    const name = weights.names().find((candidate) => candidate.endsWith("embed_tokens.weight"));
    return (name && weights.info(name).shape[0]) || weights.config.vocab_size;
  } finally {
    weights.close();
  }
}
