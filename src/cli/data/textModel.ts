/** The text side of a model: tokenizer, chat template, size of the embedding. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readVocabularySize } from "../../format/index.js";
import { fetchModel } from "../../hub/index.js";
import {
  type ChatTemplate,
  checkTemplateRows,
  loadTokenizer,
  type TemplateVariables,
  type Tokenizer,
  templateOfWeights,
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
  fixAddedTokens?: boolean;
}): Promise<TextModel> {
  const { model, tokenizer: directory } = names;
  if (model !== undefined && directory !== undefined) {
    throw new ConfigError("--model and --tokenizer are both given", {
      why: "a model includes its tokenizer",
      todo: "keep one of them",
    });
  }
  const name = directory ?? model ?? builtinModelName;
  const found = await fetchModel(name, { parts: "text" });
  const isAdapter = directory === undefined && existsSync(join(found, "adapter_config.json"));
  const { path, template: home, rows } = isAdapter ? await underAdapter(found) : alone(found);
  const embeddingRows = directory === undefined ? rows() : undefined;
  const { fixAddedTokens } = names;
  if (fixAddedTokens && embeddingRows === undefined) {
    throw new ConfigError("--fix-added-tokens has no effect with --tokenizer", {
      why: "only a model says how many rows its embedding has",
      todo: "give the model with --model",
    });
  }
  const tokenizer = await loadTokenizer(path, { embeddingRows, fixAddedTokens });
  const template = templateOfWeights(home, tokenizer, names.template, names.chatTemplateKwargs);
  checkTemplateRows(template, tokenizer);
  return { path, tokenizer, template, embeddingRows };
}

/** Where the tokenizer and the name of the template in training lie; rows of the embedding. */
interface TextPlaces {
  path: string;
  template: string;
  rows: () => number;
}

function alone(path: string): TextPlaces {
  return { path, template: path, rows: () => readVocabularySize(path) };
}

/** Of an adapter; only here libtorch is loaded with what reads adapters. */
async function underAdapter(directory: string): Promise<TextPlaces> {
  const { locateModel, templateHome, tokenizerHome, vocabularyRows } = await import(
    "../../generate/index.js"
  );
  const place = await locateModel(directory, [], { parts: "text" });
  const rows = () => vocabularyRows(place);
  return { path: tokenizerHome(place), template: templateHome(place), rows };
}
