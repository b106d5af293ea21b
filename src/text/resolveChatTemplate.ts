/** Finds the chat template that a configuration or a checkpoint names. */
import { ConfigError } from "../util/errors.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { chatTemplateNames, createNamedTemplate } from "./namedTemplate.js";
import { createPlainTemplate, plainTemplateName } from "./plainTemplate.js";
import { templateForms } from "./templateForms.js";
import { reservedVariable } from "./templateVariables.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, TemplateVariables } from "./types.js";

/** The name that the model's own template goes by, in checkpoints too. */
export const ownTemplateName = "tokenizer";

/**
 * @param name a name of `chatTemplateNames`; undefined or `tokenizer` means the model's own, `plain`
 *   none, for plain texts
 * @param variables that the template gets with every conversation (`chat_template_kwargs`)
 * @throws ConfigError for an unknown name, a model without a template of its own, a template whose
 * tokens the tokenizer lacks, or variables that it cannot take
 */
export function resolveChatTemplate(
  name: string | undefined,
  tokenizer: Tokenizer,
  variables: TemplateVariables = {},
): ChatTemplate {
  checkVariables(name, variables);
  if (name === undefined || name === ownTemplateName) {
    if (tokenizer.chatTemplate === undefined) {
      throw new ConfigError(`the model ${tokenizer.name} has no chat template of its own`, {
        why: "base models often come without one",
        todo: `choose one with template_name: ${chatTemplateNames.join(", ")}`,
      });
    }
    return createJinjaTemplate(tokenizer.chatTemplate, ownTemplateName, tokenizer, {
      toolUseSource: tokenizer.toolUseTemplate,
      ...(Object.keys(variables).length > 0 ? { variables } : {}),
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

function checkVariables(name: string | undefined, variables: TemplateVariables): void {
  const [first] = Object.keys(variables);
  if (first === undefined) return;
  const reserved = reservedVariable(variables);
  if (reserved !== undefined) {
    throw new ConfigError(`chat_template_kwargs cannot set ${reserved}`, {
      why: "it is no variable of a template, but follows from the conversation and the command",
      todo: `remove ${reserved} from chat_template_kwargs`,
    });
  }
  if (name === undefined || name === ownTemplateName) return;
  throw new ConfigError(`chat template ${name} takes no variables`, {
    why: `chat_template_kwargs sets ${first}, which only a model's own template can read`,
    todo: "remove chat_template_kwargs, or template_name to use the model's own template",
  });
}
