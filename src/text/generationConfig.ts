/** generation_config.json of what was trained: it names the ids that end an answer. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileStyle, stringifyJson } from "../util/json/index.js";
import { chatTemplateJinja } from "./templateSource.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate } from "./types.js";

/** The settings of generation that a model has, and the ids that end a text of it. */
export type GenerationText = Pick<Tokenizer, "generationConfig" | "eosTokenIds">;

/**
 * Writes the model's generation_config.json with the end of the template's turns among its
 * `eos_token_id`, so that whoever generates with it stops where training taught it to. A model without
 * settings and ends gets none.
 *
 * @param template null where plain texts were trained on
 */
export function writeGenerationConfig(
  directory: string,
  { generationConfig, eosTokenIds }: GenerationText,
  template: ChatTemplate | null,
): void {
  const ends = [...new Set([...(template?.stopTokenIds ?? []), ...eosTokenIds])];
  if (ends.length === 0 && Object.keys(generationConfig).length === 0) return;
  const eos = ends.length === 0 ? {} : { eos_token_id: ends.length === 1 ? ends[0] : ends };
  const written = { ...generationConfig, ...eos };
  const file = join(directory, "generation_config.json");
  writeFileSync(file, `${stringifyJson(written, fileStyle)}\n`);
}

/** What to tell the user of how other programs will use what is saved, a line each. */
export function generationNotes(tokenizer: Tokenizer, template: ChatTemplate): string[] {
  const { note } = chatTemplateJinja(template, tokenizer);
  return [...endNotes(tokenizer, template), ...(note === undefined ? [] : [note])];
}

/** Of ends of turns that the model's generation_config.json lacks. */
function endNotes(tokenizer: Tokenizer, template: ChatTemplate): string[] {
  const { eos_token_id: named } = tokenizer.generationConfig;
  if (named === undefined) return [];
  const known = [named].flat();
  const missing = template.stop.filter((text) => {
    const id = tokenizer.tokenToId(text);
    return id !== undefined && !known.includes(id);
  });
  if (missing.length === 0) return [];
  return [
    `chat template ${template.name} ends turns with ${missing.join(", ")}, which the model's generation_config.json does not name: the one that is saved does.`,
  ];
}
