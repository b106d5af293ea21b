/** Variables that a configuration or a row gives to a chat template: `chat_template_kwargs`. */
import type { ChatTemplate, TemplateVariables } from "./types.js";

/** Parameters of transformers' `apply_chat_template` that are no variables of a template. */
const reserved = new Set([
  "conversation",
  "messages",
  "tools",
  "chat_template",
  "add_generation_prompt",
  "continue_final_message",
  "tokenize",
  "sanitize_control_tokens",
  "padding",
  "truncation",
  "max_length",
  "return_tensors",
  "return_dict",
  "return_assistant_tokens_mask",
  "tokenizer_kwargs",
]);

/** The first name that cannot be set as a variable. */
export function reservedVariable(variables: TemplateVariables): string | undefined {
  return Object.keys(variables).find((name) => reserved.has(name));
}

/**
 * What has no effect, a line each: templates of the model's files that others win over, and
 * variables of the configuration that the template never reads.
 */
export function templateNotes({ notes = [], variables = {}, ...template }: ChatTemplate): string[] {
  const unread = Object.keys(variables).filter((name) => !template.mentions(name));
  return [
    ...notes,
    ...unread.map(
      (name) => `chat_template_kwargs ${name}: no effect, the chat template never reads it.`,
    ),
  ];
}
