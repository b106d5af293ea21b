/** Everything that talking to a model takes: weights, adapter, tokenizer, template, its own settings. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { type AttachedAdapter, loadStack } from "../lora/index.js";
import {
  type CausalLanguageModel,
  type LoadOptions,
  loadModel,
  modelTensors,
} from "../models/index.js";
import { dispose, hold } from "../tensor/index.js";
import {
  type ChatTemplate,
  checkTemplateRows,
  checkVocabulary,
  loadTokenizer,
  plainTemplateName,
  readTrainedTemplate,
  type TemplateVariables,
  type Tokenizer,
  templateOfWeights,
} from "../text/index.js";
import { FormatError } from "../util/errors.js";
import {
  type AdapterName,
  locateModel,
  templateHome,
  tokenizerHome,
  vocabularyRows,
} from "./modelPlace.js";
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
  /** Directories of its adapters, the lowest first. */
  adapters: readonly string[];
  /** The same adapters on the model; `setStrength` changes how much each counts. */
  attached: readonly AttachedAdapter[];
}

export interface ChatModelOptions extends LoadOptions {
  /** Directories or ids of LoRA adapters, such as those of runs, above those that the model has. */
  adapter?: AdapterName | readonly AdapterName[] | undefined;
  /** Name of a chat template; default: the one that the run was trained with, or the model's own. */
  template?: string | undefined;
  /** Variables of the template; they go before those of the training, one by one. */
  variables?: TemplateVariables | undefined;
  /** Take added tokens without a row in the embedding as ordinary text. */
  fixAddedTokens?: boolean | undefined;
  /** Whether a model without a chat template is refused; otherwise it gets the one named `plain`. Default true. */
  needsTemplate?: boolean | undefined;
  /** Gives the model that the adapters are put on; default: loads it. @param adapters directories */
  openBase?: ((path: string, adapters: readonly string[]) => CausalLanguageModel) | undefined;
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
  {
    adapter: adapterOption,
    template,
    variables,
    fixAddedTokens,
    needsTemplate = true,
    openBase = (path) => loadModel(path, { asStored: true, ...options }),
    ...options
  }: ChatModelOptions = {},
): Promise<ChatModel> {
  const place = await locateModel(name, [adapterOption ?? []].flat());
  const { path, adapters, weights } = place;
  const results = [path, ...adapters].map(resultStamp);
  const embeddingRows = vocabularyRows(place);
  const tokenizer = await loadTokenizer(tokenizerHome(place), { embeddingRows, fixAddedTokens });
  const home = templateHome(place);
  const isKnown =
    template !== undefined ||
    readTrainedTemplate(home).name !== undefined ||
    tokenizer.chatTemplates.has("default");
  const named = isKnown || needsTemplate ? template : plainTemplateName;
  const chatTemplate = templateOfWeights(home, tokenizer, named, variables);
  checkVocabulary(tokenizer, embeddingRows);
  checkTemplateRows(chatTemplate, tokenizer);
  // Where something does not fit, what was loaded by then is freed.
  const { result } = hold(() => {
    const model = openBase(path, adapters);
    const attached = loadStack(model, adapters, { weights });
    const changed = [path, ...adapters].find((one, i) => resultStamp(one) !== results[i]);
    if (changed !== undefined) throw replacedMeanwhile(changed);
    return { model, attached };
  });
  return {
    ...result,
    tokenizer,
    template: chatTemplate,
    ...answerEnds(result.model, tokenizer, chatTemplate),
    defaults: readGenerationConfig(path),
    name: place.name,
    path,
    adapters,
  };
}

/** Which result of a run a directory holds; empty for what no run wrote, and a new one while it changes. */
function resultStamp(directory: string): string {
  if (!statSync(directory).isDirectory()) return "";
  const of = (file: string) => statSync(join(directory, file), { throwIfNoEntry: false });
  return `${of("result.json")?.mtimeMs ?? ""}${of("result.staged") ? Math.random() : ""}`;
}

function replacedMeanwhile(directory: string): FormatError {
  return new FormatError(`${directory} was replaced while it was read`, {
    why: "a run has just saved its result there",
    todo: "try again",
  });
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
