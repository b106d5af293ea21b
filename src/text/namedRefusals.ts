/** What formats known by name refuse in a conversation. */
import { DataError } from "../util/errors.js";
import { place } from "./place.js";
import type { Message, Source, TemplateVariables } from "./types.js";

export function noSystem(name: string, source: Source | undefined): DataError {
  return new DataError(`${place(source)}chat template ${name} does not support system messages`, {
    why: "the conversation has one, and leaving it out would change what is trained on",
    todo: "remove the system messages from the data, or use a template that supports them, for example chatml",
  });
}

export function refuseVariables(
  variables: TemplateVariables | undefined,
  name: string,
  source: Source | undefined,
): void {
  const [variable] = Object.keys(variables ?? {});
  if (variable === undefined) return;
  throw new DataError(`${place(source)}chat template ${name} takes no variables`, {
    why: `the row sets ${variable} in chat_template_kwargs, which has no meaning for it`,
    todo: "use the model's own chat template, or remove chat_template_kwargs from the row",
  });
}

export function refuseTools(
  messages: readonly Message[],
  tools: unknown[] | undefined,
  name: string,
  source: Source | undefined,
): void {
  const used = messages.some((message) => message.role === "tool" || message.tool_calls?.length);
  if (!used && !tools?.length) return;
  throw new DataError(`${place(source)}chat template ${name} does not support tools`, {
    why: "the conversation has tools, tool calls or tool results",
    todo: "use the model's own chat template, or remove these messages",
  });
}
