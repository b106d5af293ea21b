/** What goes along with weights: tokenizer, chat template, settings of generation, code of the publisher. */
import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readJsonObject } from "../../format/index.js";
import { answerEnds, type ModelPlace, templateHome, tokenizerHome } from "../../generate/index.js";
import type { ModelConfig } from "../../models/index.js";
import {
  type ChatTemplate,
  loadTokenizer,
  ownTemplateName,
  readTrainedTemplate,
  type Tokenizer,
  templateOfWeights,
  vocabularyFiles,
  writeTrainedTemplate,
} from "../../text/index.js";
import { writeFileAtomic } from "../../util/atomicFile.js";

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
 * @returns what should be known of it, a line each
 */
export function writeModelText(
  { tokenizer, template, isTrained }: ModelText,
  place: ModelPlace,
  config: ModelConfig,
  directory: string,
): string[] {
  const notes: string[] = [];
  if (tokenizer) tokenizer.save(directory);
  else notes.push("There are no tokenizer files beside the weights, so none are written.");
  if (template && isTrained) {
    writeTrainedTemplate(directory, template);
    if (!template.name.startsWith(ownTemplateName)) {
      notes.push(
        `It was trained with the chat template ${template.name}: tunewright.json says so to Tunewright, but not to other programs.`,
      );
    }
  }
  const stops =
    tokenizer && template ? answerEnds({ config }, tokenizer, template).stopTokenIds : [];
  notes.push(
    ...writeGeneration(place.path, config, stops, directory),
    ...copyCode(place.path, directory),
  );
  return notes;
}

/** The model's settings of generation, with all tokens that end an answer. */
function writeGeneration(
  model: string,
  config: ModelConfig,
  stops: readonly number[],
  directory: string,
): string[] {
  const path = join(model, GENERATION);
  const before = existsSync(path) ? readJsonObject(path) : undefined;
  // Programs that find no generation_config.json take config.json's.
  const known = [before ? (before.eos_token_id ?? []) : config.eos_token_id].flat() as unknown[];
  const added = stops.filter((id) => !known.includes(id));
  if (!before && added.length === 0) return [];
  const all = [...known, ...added];
  const ends = added.length === 0 ? {} : { eos_token_id: all.length === 1 ? all[0] : all };
  const text = `${JSON.stringify({ ...before, ...ends }, null, 2)}\n`;
  writeFileAtomic(join(directory, GENERATION), text);
  if (added.length === 0) return [];
  return [`${GENERATION}: eos_token_id now has ${added.join(", ")} too, where answers end.`];
}

/** Python files of a model whose config.json names classes in them. They are not run here. */
function copyCode(model: string, directory: string): string[] {
  const config = join(model, "config.json");
  if (!existsSync(config) || readJsonObject(config).auto_map === undefined) return [];
  const files = readdirSync(model).filter((name) => name.endsWith(".py"));
  for (const name of files) copyFileSync(join(model, name), join(directory, name));
  return files.length === 0 ? [] : [`Copied ${files.join(", ")}, which config.json names.`];
}
