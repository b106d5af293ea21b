/**
 * Jinja chat templates rendered as transformers' `apply_chat_template` renders them: blocks are
 * trimmed, `{% generation %}` marks what the assistant says, and templates see the same variables.
 */
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { ConfigError } from "../util/errors.js";
import { stringifyJson } from "../util/json/index.js";
import { closeMark, openMark } from "./marks.js";
import { strftime } from "./strftime.js";
import type { Message, TemplateVariables } from "./types.js";

export interface JinjaRenderOptions {
  addGenerationPrompt: boolean;
  tools?: unknown[] | undefined;
  /** Go before those that the template was compiled with. */
  variables?: TemplateVariables | undefined;
}

export interface JinjaRenderer {
  /** Whether the template marks the assistant's words itself. */
  hasGenerationMarks: boolean;
  /** @throws Error what the template raises, or what the renderer cannot do */
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
  let marked: ReturnType<typeof compile> | undefined;
  const run = (
    program: ReturnType<typeof compile>,
    messages: readonly Message[],
    options: JinjaRenderOptions,
  ): string => {
    const environment = new Environment();
    const all = {
      ...globals,
      strftime_now: (format: string) => strftime(now(), format),
      documents: null,
      ...variables,
      ...Object(plain(options.variables ?? {})),
      messages: plain(messages.map(templateMessage)),
      tools: plain(options.tools ?? null),
      add_generation_prompt: options.addGenerationPrompt,
    };
    for (const [key, value] of Object.entries(all)) environment.set(key, value);
    return String(new Interpreter(environment).run(program).value);
  };
  return {
    hasGenerationMarks: generationTag.test(source),
    render: (messages, options) => run(template, messages, options),
    renderMarked(messages, options) {
      marked ??= compile(withVisibleMarks(source), name);
      return cutMarks(run(marked, messages, options));
    },
  };
}

/** What a template itself refused by `raise_exception`. */
export class TemplateRefusal extends Error {}

/** What every template sees besides its variables. */
const globals = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: (message: unknown): never => {
    throw new TemplateRefusal(String(message));
  },
};

/** Python's `range`. */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isFinite(length) || length > 1_000_000)
    throw new TemplateRefusal("range is too long");
  return Array.from({ length }, (_, index) => start + index * step);
}

function compile(source: string, name: string): ReturnType<typeof parse> {
  try {
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    throw new ConfigError(`chat template ${name} cannot be parsed`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose a named template with template_name",
      cause,
    });
  }
}

/** What the renderer knows: it has one kind of numbers, and objects in JavaScript's order. */
function plain(value: unknown): unknown {
  return JSON.parse(stringifyJson(value));
}

/** Our own key goes, and reasoning is offered under every name that templates read it by. */
function templateMessage(message: Message): Record<string, unknown> {
  const { train: _train, ...rest } = message;
  const reasoning = rest.reasoning_content ?? rest.thinking ?? rest.reasoning;
  if (reasoning === undefined || reasoning === null) return rest;
  return { thinking: reasoning, ...rest, reasoning_content: reasoning };
}

const generationTag = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/;

/**
 * The renderer drops `{% generation %}` tags; a block with a marker inside, in their place, trims
 * the whitespace around it just as the tag does.
 */
function withVisibleMarks(source: string): string {
  return source.replace(
    new RegExp(generationTag, "g"),
    (_tag, before: string, end: string | undefined, after: string) =>
      `{%${before} if true %}{{ "${end ? closeMark : openMark}" }}{% endif ${after}%}`,
  );
}

function cutMarks(rendered: string): { text: string; spans: [number, number][] } {
  const spans: [number, number][] = [];
  let text = "";
  let start = 0;
  for (const part of rendered.split(/([\ufdd0\ufdd1])/)) {
    if (part === openMark) start = text.length;
    else if (part === closeMark) spans.push([start, text.length]);
    else text += part;
  }
  return { text, spans };
}
