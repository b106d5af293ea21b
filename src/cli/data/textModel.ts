/** The text side of a model: tokenizer, chat template, size of the embedding. */
import { readVocabularySize } from "../../format/index.js";
import { fetchModel } from "../../hub/index.js";
import {
  type ChatTemplate,
  loadTokenizer,
  resolveChatTemplate,
  type TemplateVariables,
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
  chatTemplateKwargs?: TemplateVariables;
}): Promise<TextModel> {
  const { model, tokenizer: directory } = names;
  if (model !== undefined && directory !== undefined) {
    throw new ConfigError("--model and --tokenizer are both given", {
      why: "a model includes its tokenizer",
      todo: "keep one of them",
    });
  }
  const name = directory ?? model ?? builtinModelName;
  const path = await fetchModel(name, { parts: "text" });
  const tokenizer = await loadTokenizer(path);
  const template = resolveChatTemplate(names.template, tokenizer, names.chatTemplateKwargs);
  if (directory !== undefined) return { path, tokenizer, template, embeddingRows: undefined };
  return { path, tokenizer, template, embeddingRows: readVocabularySize(path) };
}
