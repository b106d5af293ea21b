/** Finds the chat template that a configuration or a checkpoint names. */
import { ConfigError } from "../util/errors.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { createNamedTemplate } from "./namedTemplate.js";
import { createPlainTemplate, plainTemplateName } from "./plainTemplate.js";
import { knownTemplateName } from "./templateAliases.js";
import { chatTemplateNames, templateForms } from "./templateForms.js";
import { reservedVariable } from "./templateVariables.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, TemplateVariables } from "./types.js";

/** The name that the model's own template goes by, in checkpoints too. */
export const ownTemplateName = "tokenizer";

/** Before the name of one of several templates that a model has. */
const ownPrefix = `${ownTemplateName}:`;

/**
 * @param given a name of `chatTemplateNames` or one that other programs have for it; undefined or `tokenizer` means the model's own,
 *   `tokenizer:NAME` one of its further ones (NAME alone where it is no name here), `plain` none,
 *   for plain texts
 * @param variables that the template gets with every conversation (`chat_template_kwargs`)
 * @throws ConfigError for an unknown name, a model without a template of its own, a template whose
 * tokens the tokenizer lacks, or variables that it cannot take
 */
export function resolveChatTemplate(
  given: string | undefined,
  tokenizer: Tokenizer,
  variables: TemplateVariables = {},
): ChatTemplate {
  const own = ownName(given, tokenizer);
  const name = given && knownTemplateName(given);
  const readsVariables = own !== undefined || templateForms[name!]?.kind === "jinja";
  checkVariables(readsVariables ? undefined : name, variables);
  if (own !== undefined) return ownTemplate(own, tokenizer, variables);
  if (name === plainTemplateName) return createPlainTemplate(tokenizer);
  const form = Object.hasOwn(templateForms, name!) ? templateForms[name!] : undefined;
  if (!form) {
    const further = [...tokenizer.chatTemplates.keys()].map((one) => `${ownPrefix}${one}`);
    throw new ConfigError(`unknown chat template ${JSON.stringify(given)}`, {
      todo: `use one of ${[ownTemplateName, ...further, ...chatTemplateNames].join(", ")}`,
    });
  }
  const template = createNamedTemplate(name!, form, tokenizer, variables);
  const notes = [...(template.notes ?? [])];
  if (name !== given) notes.push(`template_name ${given} is called ${name} here.`);
  // Nearly every model has a default one, which nobody means by this name.
  if (name !== "default" && tokenizer.chatTemplates.has(name!)) {
    notes.push(
      `template_name ${name} is not the model's own template of that name, which is ${ownPrefix}${name}.`,
    );
  }
  return notes.length > 0 ? { ...template, notes } : template;
}

/** The model's template that a name means: "" for the one it uses by itself; undefined for none. */
export function ownName(
  name: string | undefined,
  { chatTemplates }: Tokenizer,
): string | undefined {
  if (name === undefined || name === ownTemplateName) return "";
  const prefixed = name.startsWith(ownPrefix);
  const own = prefixed ? name.slice(ownPrefix.length) : name;
  const isOurs = name === plainTemplateName || Object.hasOwn(templateForms, name);
  return chatTemplates.has(own) && (prefixed || !isOurs) ? own : undefined;
}

/** As transformers chooses: a template that is named is used for all conversations. */
function ownTemplate(
  own: string,
  tokenizer: Tokenizer,
  variables: TemplateVariables,
): ChatTemplate {
  const { chatTemplates, templateNotes: fileNotes } = tokenizer;
  const options = Object.keys(variables).length > 0 ? { variables } : {};
  const source = chatTemplates.get(own || "default");
  if (source === undefined) {
    const names = [...chatTemplates.keys()].map((name) => `${ownPrefix}${name}`);
    const isUnnamed = names.length > 0;
    throw new ConfigError(
      `the model ${tokenizer.name} has no ${isUnnamed ? "default " : ""}chat template of its own`,
      {
        why: isUnnamed
          ? "it has several, and none is called default"
          : "base models often come without one",
        todo: `choose one with template_name: ${[...names, ...chatTemplateNames].join(", ")}`,
      },
    );
  }
  const template =
    own === ""
      ? createJinjaTemplate(source, ownTemplateName, tokenizer, {
          toolUseSource: chatTemplates.get("tool_use"),
          ...options,
        })
      : createJinjaTemplate(source, `${ownPrefix}${own}`, tokenizer, options);
  const notes = [...fileNotes, ...(template.notes ?? [])];
  return notes.length > 0 ? { ...template, notes } : template;
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
  if (name === undefined) return;
  throw new ConfigError(`chat template ${name} takes no variables`, {
    why: `chat_template_kwargs sets ${first}, which this format does not read`,
    todo: "remove chat_template_kwargs, or template_name to use the model's own template",
  });
}
