/** Finds the chat template that a configuration or a checkpoint names. */
import { ConfigError } from "../util/errors.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { chatTemplateNames, createNamedTemplate } from "./namedTemplate.js";
import { createPlainTemplate, plainTemplateName } from "./plainTemplate.js";
import { templateForms } from "./templateForms.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate } from "./types.js";

/** The name that the model's own template goes by, in checkpoints too. */
export const ownTemplateName = "tokenizer";

/**
 * @param name a name of `chatTemplateNames`; undefined or `tokenizer` means the model's own, `plain`
 *   none, for plain texts
 * @throws ConfigError for an unknown name, a model without a template of its own, or a template
 * whose tokens the tokenizer lacks
 */
export function resolveChatTemplate(name: string | undefined, tokenizer: Tokenizer): ChatTemplate {
  if (name === undefined || name === ownTemplateName) {
    if (tokenizer.chatTemplate === undefined) {
      throw new ConfigError(`the model ${tokenizer.name} has no chat template of its own`, {
        why: "base models often come without one",
        todo: `choose one with template_name: ${chatTemplateNames.join(", ")}`,
      });
    }
    return createJinjaTemplate(tokenizer.chatTemplate, ownTemplateName, tokenizer, {
      toolUseSource: tokenizer.toolUseTemplate,
    });
  }
  if (name === plainTemplateName) return createPlainTemplate(tokenizer);
  const form = Object.hasOwn(templateForms, name) ? templateForms[name] : undefined;
  if (!form) {
    throw new ConfigError(`unknown chat template ${JSON.stringify(name)}`, {
      todo: `use one of ${[ownTemplateName, ...chatTemplateNames].join(", ")}`,
    });
  }
  return createNamedTemplate(name, form, tokenizer);
}
