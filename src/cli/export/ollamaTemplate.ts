/** The TEMPLATE of a Modelfile, from the chat template that a model was trained with. */
import { goTemplate, type Tokenizer, type TurnTexts, turnTexts } from "../../text/index.js";
import type { ModelText } from "../modelOut/textFiles.js";

/** A template in Go's language; none where it cannot be said there. */
export interface OllamaTemplate {
  source: string | undefined;
  /** What should be known of it, a line each. */
  notes: readonly string[];
}

const withoutIt =
  "Ollama then takes the template of the GGUF file if it knows that, and gives the bare question to the model otherwise";

export async function ollamaTemplate({
  tokenizer,
  template,
}: Pick<ModelText, "tokenizer" | "template">): Promise<OllamaTemplate> {
  if (!tokenizer || !template) {
    return {
      source: undefined,
      notes: ["The model has no chat template, so the Modelfile has no TEMPLATE."],
    };
  }
  const texts = turnTexts(template, tokenizer);
  if (typeof texts === "string") {
    const why = `Chat template ${template.name} cannot be written in Ollama's language (${texts}), so the Modelfile has no TEMPLATE: ${withoutIt}.`;
    return { source: undefined, notes: [why] };
  }
  const notes = ["Tools and reasoning are not in the Modelfile's TEMPLATE."];
  if (texts.system === null) {
    notes.push(`Chat template ${template.name} has no system message: Ollama leaves it out.`);
  }
  if (texts.trims) {
    notes.push(
      `Chat template ${template.name} cuts white space around messages, and Ollama leaves it there.`,
    );
  }
  const parts = template.render([{ role: "user", content: "q" }], { addGenerationPrompt: true });
  if (parts.some((part) => "ids" in part || part.apart)) {
    notes.push(
      `Chat template ${template.name} is encoded in parts, and Ollama's prompt as one text: where parts meet, their ids can differ.`,
    );
  }
  const { ready, note } = await withoutStart(texts, tokenizer, template.name);
  return { source: goTemplate(ready), notes: note === undefined ? notes : [...notes, note] };
}

/** The texts without the start token where Ollama puts one before every prompt, as the GGUF file says. */
async function withoutStart(
  texts: TurnTexts,
  tokenizer: Tokenizer,
  name: string,
): Promise<{ ready: TurnTexts; note?: string }> {
  const { bosToken: start, bosTokenId } = tokenizer;
  const [first] = await tokenizer.encode("a", { addSpecialTokens: true });
  if (start === undefined || first !== bosTokenId) return { ready: texts };
  const { opening, system } = texts;
  const has = (text: string) => text.startsWith(start);
  const cut = (text: string) => (has(text) ? text.slice(start.length) : text);
  const ready: TurnTexts = {
    ...texts,
    opening: cut(opening),
    system: system && [cut(system[0]), system[1]],
  };
  if (has(opening) && (system === null || has(system[0]))) return { ready };
  return {
    ready,
    note: `Ollama puts ${start} before the prompt, which chat template ${name} does not.`,
  };
}
