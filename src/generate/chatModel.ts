/** Everything that talking to a model takes: weights, adapter, tokenizer, template, its own settings. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fetchModel, isHubName } from "../hub/index.js";
import { isAdapterDirectory, loadAdapter, readAdapterConfig } from "../lora/index.js";
import {
  type CausalLanguageModel,
  type LoadOptions,
  loadModel,
  modelTensors,
} from "../models/index.js";
import { dispose, hold } from "../tensor/index.js";
import {
  type ChatTemplate,
  loadTokenizer,
  readTrainedTemplate,
  resolveChatTemplate,
  type TemplateVariables,
  type Tokenizer,
} from "../text/index.js";
import { ConfigError } from "../util/errors.js";
import { type GenerationChoices, readGenerationConfig } from "./settings.js";

export interface ChatModel {
  model: CausalLanguageModel;
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** Ids that end an answer: those of the model, its tokenizer and the template. */
  stopTokenIds: number[];
  /** Texts that end an answer where the template's end is no single token. */
  stop: string[];
  /** What the model's generation_config.json says. */
  defaults: GenerationChoices;
  /** The model as the user, or the adapter, calls it. */
  name: string;
  /** Where its weights lie. */
  path: string;
  /** Directory of the adapter, if any. */
  adapter: string | null;
}

export interface ChatModelOptions extends LoadOptions {
  /** Directory of a LoRA adapter, such as that of a run. */
  adapter?: string | undefined;
  /** Name of a chat template; default: the one that the run was trained with, or the model's own. */
  template?: string | undefined;
  /** Variables of the template; they go before those of the training, one by one. */
  variables?: TemplateVariables | undefined;
}

/**
 * Loads a model to talk to.
 *
 * @param name model directory, GGUF file, `builtin:` name, id on the hub, or the directory of an
 *   adapter, whose base model is then loaded too
 * @throws ConfigError, FormatError where something is missing or does not fit
 */
export async function loadChatModel(
  name: string,
  { adapter: adapterOption, template, variables, ...options }: ChatModelOptions = {},
): Promise<ChatModel> {
  const { name: modelName, path, adapter } = await locate(name, adapterOption);
  const home = adapter !== null && existsSync(join(adapter, "tokenizer.json")) ? adapter : path;
  const tokenizer = await loadTokenizer(home);
  const trained = readTrainedTemplate(adapter ?? path);
  const isTrained = template === undefined || template === trained.name;
  const chatTemplate = resolveChatTemplate(template ?? trained.name, tokenizer, {
    ...(isTrained ? trained.variables : {}),
    ...variables,
  });
  // Where something does not fit, what was loaded by then is freed.
  const { result: model } = hold(() => {
    const loaded = loadModel(path, options);
    checkVocabulary(loaded, tokenizer);
    if (adapter !== null) loadAdapter(loaded, adapter);
    return loaded;
  });
  return {
    model,
    tokenizer,
    template: chatTemplate,
    ...answerEnds(model, tokenizer, chatTemplate),
    defaults: readGenerationConfig(path),
    name: modelName,
    path,
    adapter,
  };
}

/** What ends an answer of `model`: the fields of {@link ChatModel} of these names. */
export function answerEnds(
  model: Pick<CausalLanguageModel, "config">,
  tokenizer: Tokenizer,
  template: ChatTemplate,
): Pick<ChatModel, "stopTokenIds" | "stop"> {
  const ids = [...template.stopTokenIds, ...tokenizer.eosTokenIds, ...model.config.eos_token_id];
  return {
    stopTokenIds: [...new Set(ids)],
    stop: template.stop.filter((text) => text && tokenizer.tokenToId(text) === undefined),
  };
}

/** Frees the weights. */
export function disposeChatModel({ model }: ChatModel): void {
  dispose(modelTensors(model));
}

/** The model's path and the adapter's directory, whichever way the user named them. */
async function locate(
  name: string,
  adapterName: string | undefined,
): Promise<{ name: string; path: string; adapter: string | null }> {
  const fetched = adapterName !== undefined && isHubName(adapterName);
  const adapter = fetched ? await fetchModel(adapterName) : adapterName;
  if (adapter !== undefined && !isAdapterDirectory(adapter)) {
    throw new ConfigError(`${adapter} does not contain an adapter`, {
      why: "there is no adapter_config.json",
      todo: "give the directory of a run, or one of its checkpoint-N directories",
    });
  }
  const path = await fetchModel(name);
  if (!isAdapterDirectory(path)) return { name, path, adapter: adapter ?? null };
  if (adapter !== undefined) {
    throw new ConfigError(`${name} is itself an adapter`, {
      why: "only one adapter can be used at a time",
      todo: "give the base model as --model, or remove --adapter",
    });
  }
  const base = readAdapterConfig(path).base_model_name_or_path;
  if (base === null) {
    throw new ConfigError(`the base model of ${name} is unknown`, {
      why: "base_model_name_or_path is missing in its adapter_config.json",
      todo: `give both: --model BASE --adapter ${name}`,
    });
  }
  return { name: base, path: await baseModelPath(base, path), adapter: path };
}

/** A base model's path is meant from the working directory, or else from the adapter's. */
async function baseModelPath(base: string, adapter: string): Promise<string> {
  const beside = resolve(dirname(adapter), base);
  return !existsSync(base) && existsSync(beside) ? beside : fetchModel(base);
}

function checkVocabulary(model: CausalLanguageModel, tokenizer: Tokenizer): void {
  const rows = model.embedding.tensor.size(0);
  // Added tokens that a model never learnt are harmless until one is met; a foreign vocabulary is not.
  if (tokenizer.vocabSize <= rows + tokenizer.addedTokens.length) return;
  throw new ConfigError(`the tokenizer ${tokenizer.name} does not belong to this model`, {
    why: `it has ${tokenizer.vocabSize} tokens, but the model's embedding has ${rows} rows`,
    todo: "put the model's own tokenizer files next to its weights",
  });
}
