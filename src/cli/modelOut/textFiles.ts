/** What goes along with weights: tokenizer, chat template, settings of generation, code of the publisher. */
import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJsonObject } from "../../format/index.js";
import { answerEnds, type ModelPlace, templateHome, tokenizerHome } from "../../generate/index.js";
import type { ModelConfig } from "../../models/index.js";
import {
  type ChatTemplate,
  loadTokenizer,
  nameLlamaTokenizer,
  readGenerationFile,
  readTrainedTemplate,
  type Tokenizer,
  templateOfWeights,
  vocabularyFiles,
  writeGenerationConfig,
  writeTrainedTemplate,
} from "../../text/index.js";

/** What a model is talked to with. */
export interface ModelText {
  /** Null where its files have none. */
  tokenizer: Tokenizer | null;
  /** The one that it was trained with, or its own; null where there is none. */
  template: ChatTemplate | null;
  /** Whether a run named the template. */
  isTrained: boolean;
}

const GENERATION = "generation_config.json";

/** Reads tokenizer and template of a model and its adapters. @throws FormatError for broken files */
export async function openModelText(place: ModelPlace): Promise<ModelText> {
  const home = tokenizerHome(place);
  const isThere =
    !statSync(home).isDirectory() ||
    vocabularyFiles.some((name) => existsSync(join(home, name))) ||
    readdirSync(home).some((name) => name.endsWith(".gguf"));
  if (!isThere) return { tokenizer: null, template: null, isTrained: false };
  const tokenizer = await loadTokenizer(home);
  const trainedIn = templateHome(place);
  const isTrained = readTrainedTemplate(trainedIn).name !== undefined;
  const hasTemplate = isTrained || tokenizer.chatTemplates.has("default");
  return {
    tokenizer,
    template: hasTemplate ? templateOfWeights(trainedIn, tokenizer, undefined, undefined) : null,
    isTrained,
  };
}

/**
 * Writes everything beside weights and config.json.
 *
 * @param config what the model is written as
 * @param asLlama whether that is a Llama, though it was read as another family
 * @returns what should be known of it, a line each
 */
export function writeModelText(
  { tokenizer, template, isTrained }: ModelText,
  place: ModelPlace,
  config: ModelConfig,
  directory: string,
  asLlama = false,
): string[] {
  const notes: string[] = [];
  if (tokenizer) tokenizer.save(directory);
  else notes.push("There are no tokenizer files beside the weights, so none are written.");
  if (tokenizer && template && isTrained) {
    notes.push(...writeTrainedTemplate(directory, template, tokenizer));
  }
  notes.push(
    ...writeGeneration({ tokenizer, template }, place.path, config, directory),
    ...(asLlama ? nameLlamaTokenizer(directory) : copyCode(place.path, directory)),
  );
  return notes;
}

/** The model's settings of generation, with all tokens that end an answer. */
function writeGeneration(
  { tokenizer, template }: Pick<ModelText, "tokenizer" | "template">,
  model: string,
  config: ModelConfig,
  directory: string,
): string[] {
  const { before, isOwn } = generationBefore(tokenizer, model, config);
  const named = [isOwn ? (before.eos_token_id ?? []) : config.eos_token_id].flat();
  const known = named.filter((id) => typeof id === "number");
  const all = tokenizer && template ? answerEnds({ config }, tokenizer, template).stopTokenIds : [];
  const added = all.filter((id) => !known.includes(id));
  // Programs that find no generation_config.json take config.json's.
  if (!isOwn && added.length === 0) return [];
  const settings = { generationConfig: before, eosTokenIds: [...known, ...added] };
  writeGenerationConfig(directory, settings, null);
  if (added.length === 0) return [];
  return [`${GENERATION}: eos_token_id now has ${added.join(", ")} too, where answers end.`];
}

/** What there is before: of the run, of the model, or what other programs take from config.json. */
function generationBefore(
  tokenizer: Tokenizer | null,
  model: string,
  config: ModelConfig,
): { before: Readonly<Record<string, unknown>>; isOwn: boolean } {
  const saved = tokenizer?.generationConfig ?? {};
  if (Object.keys(saved).length > 0) return { before: saved, isOwn: true };
  if (existsSync(join(model, GENERATION)))
    return { before: readGenerationFile(model), isOwn: true };
  const { bos_token_id: bos, pad_token_id: pad } = config;
  const ids = { bos_token_id: bos, pad_token_id: pad };
  const given = Object.entries(ids).filter(([, id]) => id !== null);
  return { before: Object.fromEntries(given), isOwn: false };
}

/** Python files of a model whose config.json names classes in them. They are not run here. */
function copyCode(model: string, directory: string): string[] {
  const config = join(model, "config.json");
  if (!existsSync(config) || readJsonObject(config).auto_map === undefined) return [];
  const files = readdirSync(model).filter((name) => name.endsWith(".py"));
  for (const name of files) copyFileSync(join(model, name), join(directory, name));
  return files.length === 0 ? [] : [`Copied ${files.join(", ")}, which config.json names.`];
}
