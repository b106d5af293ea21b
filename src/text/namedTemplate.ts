/** Turns a format known by name into a chat template for one tokenizer. */
import { createIdTemplate } from "./idTemplate.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { createStringTemplate } from "./stringTemplate.js";
import type { TemplateForm } from "./templateForm.js";
import { checkMarkers } from "./templateMarkers.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, TemplateVariables } from "./types.js";

/**
 * @param variables of every conversation, which only formats in Jinja can read
 * @throws ConfigError when the tokenizer lacks a token that the format needs
 */
export function createNamedTemplate(
  name: string,
  form: TemplateForm,
  tokenizer: Tokenizer,
  variables: TemplateVariables = {},
): ChatTemplate {
  if (form.kind === "ids") return createIdTemplate(name, form, tokenizer);
  checkMarkers(name, form, tokenizer);
  if (form.kind === "string") return createStringTemplate(name, form, tokenizer);
  const stop = form.stop.map((text) => text.replace("{eos}", () => tokenizer.eosToken!));
  return createJinjaTemplate(form.source, name, tokenizer, {
    stop,
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
  });
}
