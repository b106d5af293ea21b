/**
 * Chat templates as Python's Jinja2 renders them in transformers' `apply_chat_template`, to the byte:
 * its syntax and scoping, Python's values and their methods, the sandbox, and what transformers adds
 * (`{% generation %}`, loop controls, `tojson`, `raise_exception`, `strftime_now`).
 */
import { ConfigError } from "../../util/errors.js";
import { entriesOf, type JsonObject, type JsonValue } from "../../util/json/index.js";
import { strftime } from "../strftime.js";
import type { Message, TemplateVariables } from "../types.js";
import { templateGlobals } from "./globals.js";
import { tokenize } from "./lexer.js";
import { compileTemplate, type Template } from "./template.js";
import { Float, type Value } from "./values.js";

export { stripEnd, stripStart } from "../../util/codePoints.js";
export { TemplateRefusal } from "./errors.js";

export interface JinjaRenderOptions {
  addGenerationPrompt: boolean;
  tools?: JsonValue[] | undefined;
  /** Go before those that the template was compiled with. */
  variables?: TemplateVariables | undefined;
}

export interface JinjaRenderer {
  /** Whether the template marks the assistant's words itself, where their place is known. */
  hasGenerationMarks: boolean;
  /** False: the template reads no variable, attribute or key of this name. */
  mentions(name: string): boolean;
  /** @throws Error what the template raises, as Jinja2 would, with the template's line */
  render(messages: readonly Message[], options: JinjaRenderOptions): string;
  /** The same text with the spans inside `{% generation %}`, in UTF-16 offsets. */
  renderMarked(
    messages: readonly Message[],
    options: JinjaRenderOptions,
  ): { text: string; spans: [number, number][] };
}

/**
 * Compiles a template.
 * @param variables besides the messages: `bos_token` and its like, and what the configuration sets
 * @param now the time that `strftime_now` tells
 * @throws ConfigError when the template cannot be parsed
 */
export function compileJinja(
  source: string,
  name: string,
  variables: TemplateVariables,
  now: () => Date = () => new Date(),
): JinjaRenderer {
  const template = compile(source, name);
  const globals = templateGlobals((format) => strftime(now(), format));
  const renderMarked: JinjaRenderer["renderMarked"] = (messages, options) => {
    const given = {
      documents: null,
      ...variables,
      ...options.variables,
      messages: messages.map(templateMessage),
      tools: options.tools ?? null,
      add_generation_prompt: options.addGenerationPrompt,
    };
    const known = Object.entries(given).filter(([, value]) => value !== undefined);
    return template.render(
      new Map([...globals, ...known.map(([key, value]) => [key, toValue(value)] as const)]),
    );
  };
  let words: Set<Value> | undefined;
  return {
    hasGenerationMarks: template.hasGenerationMarks,
    mentions(word) {
      words ??= new Set(
        tokenize(source).flatMap(({ type, value }) =>
          type === "name" || type === "string" ? [value] : [],
        ),
      );
      return words.has(word);
    },
    render: (messages, options) => renderMarked(messages, options).text,
    renderMarked,
  };
}

function compile(source: string, name: string): Template {
  try {
    return compileTemplate(source);
  } catch (cause) {
    throw new ConfigError(`chat template ${name} cannot be parsed`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose a named template with template_name",
      cause,
    });
  }
}

/**
 * A value as templates know it. It is the value itself but for a number of JavaScript with a fraction,
 * which comes from code and not from `parseJson`: a float.
 */
function toValue(value: unknown): Value {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new Float(value);
  if (Array.isArray(value)) {
    const items = value.map(toValue);
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  if (typeof value !== "object" || value === null || value instanceof Float) return value as Value;
  const entries = entriesOf(value as JsonObject);
  const changed = entries.map(([key, item]) => [key, toValue(item)] as const);
  if (changed.every(([, item], at) => item === entries[at]![1])) return value as Value;
  return new Map(changed);
}

/** Our own key goes, and reasoning is offered under every name that templates read it by. */
function templateMessage(message: Message): Record<string, unknown> {
  const { train: _train, ...rest } = message;
  const reasoning = rest.reasoning_content ?? rest.thinking ?? rest.reasoning;
  if (reasoning === undefined || reasoning === null) return rest;
  return { thinking: reasoning, ...rest, reasoning_content: reasoning };
}
