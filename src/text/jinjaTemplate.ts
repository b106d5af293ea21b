/** A chat template written in Jinja, as models bring it. */
import { DataError } from "../util/errors.js";
import { stringifyJson } from "../util/json/index.js";
import { withCallForm } from "./callForm.js";
import { compileJinja, type JinjaRenderer, TemplateRefusal } from "./jinja/index.js";
import { place } from "./place.js";
import { hasReasoning } from "./reasoning.js";
import {
  generationSpans,
  messageSpans,
  readTurnFrame,
  type Span,
  type TurnFrame,
} from "./spans.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, Message, RenderOptions, Segment, TemplateVariables } from "./types.js";

/**
 * Makes a chat template from Jinja source. Its segments, joined, are exactly what transformers'
 * `apply_chat_template` gives, and are encoded together as it does. Trained are the assistant's
 * turns with their end token, found by `{% generation %}` marks or else by rendering beginnings of
 * the conversation.
 * @throws ConfigError when the source cannot be parsed
 */
export function createJinjaTemplate(
  source: string,
  name: string,
  tokenizer: Tokenizer,
  options: JinjaTemplateOptions = {},
): ChatTemplate {
  const variables = { ...tokenizer.namedTokens, ...options.variables };
  const compiled = (jinja: string) =>
    withCallForm(compileJinja(jinja, name, variables, options.now));
  const plain = compiled(source);
  const toolUse = options.toolUseSource === undefined ? plain : compiled(options.toolUseSource);
  const eos = tokenizer.eosTokenIds.flatMap((id) => tokenizer.idToToken(id) ?? []);
  const frames = new Map<string, TurnFrame>();
  const frameOf = (own?: TemplateVariables): TurnFrame => {
    const key = own === undefined ? "" : stringifyJson(own);
    const known = frames.get(key);
    if (known) return known;
    const ends = [...(options.stop ?? []), ...eos];
    const frame = readTurnFrame(plain, tokenizer.addedTokens, ends, own);
    if (frames.size < mostFrames) frames.set(key, frame);
    return frame;
  };
  const { stop, trail, prompt } = frameOf();
  // Without a generation prompt nothing could be read off the template.
  const notes = trail === "" && prompt !== "" ? [endlessTurns] : [];
  if (options.stop === undefined) notes.push(...unknownMarkers(prompt + trail, tokenizer));
  return {
    name,
    ...(notes.length > 0 ? { notes } : {}),
    stop,
    stopTokenIds: stop.flatMap((token) => tokenizer.tokenToId(token) ?? []),
    ...(options.variables === undefined ? {} : { variables: options.variables }),
    mentions: (word) => plain.mentions(word) || toolUse.mentions(word),
    render(messages, renderOptions = {}) {
      const renderer = renderOptions.tools ? toolUse : plain;
      return renderSegments(renderer, messages, renderOptions, name, frameOf);
    },
  };
}

/** GLM's template is such a one: what comes next, `<|user|>`, ends its turns. */
const endlessTurns =
  "the chat template writes no end token behind the assistant's turns: training with it does not teach when to stop.";

/** Of marks such as `<|im_end|>` that a template writes and the vocabulary has not, a line. */
function unknownMarkers(written: string, { addedTokens }: Tokenizer): string[] {
  const marks = new Set(written.match(/<([|｜])[^<>|｜\s]{1,40}\1>/g));
  const unknown = [...marks].filter((mark) => !addedTokens.includes(mark));
  if (unknown.length === 0) return [];
  return [
    `the chat template writes ${unknown.join(", ")}, for which the vocabulary has no token, so that it is spelled out in pieces: the template may be another model's. new_tokens makes tokens of such texts.`,
  ];
}

export interface JinjaTemplateOptions {
  /** Source for conversations with tools, where it is another. */
  toolUseSource?: string | undefined;
  /** The time that `strftime_now` tells. */
  now?: () => Date;
  /** Variables of every conversation. */
  variables?: TemplateVariables | undefined;
  /** Texts known to end a turn, besides that which the template writes. */
  stop?: readonly string[];
}

/** Rows may each bring variables of their own; so many different frames are remembered. */
const mostFrames = 100;

function renderSegments(
  renderer: JinjaRenderer,
  messages: readonly Message[],
  options: RenderOptions,
  name: string,
  frameOf: (variables?: TemplateVariables) => TurnFrame,
): Segment[] {
  const { addGenerationPrompt = false, tools, variables, source } = options;
  const render = { addGenerationPrompt, tools, variables };
  const whole = <T>(job: () => T): T => {
    try {
      return job();
    } catch (cause) {
      throw new DataError(`${place(source)}chat template ${name} rejected the conversation`, {
        why: cause instanceof Error ? cause.message : String(cause),
        todo:
          cause instanceof TemplateRefusal
            ? "correct the messages of the conversation, or choose another template"
            : "choose a named template with template_name",
        cause,
      });
    }
  };
  const { text: full, spans: marks } = whole(() => renderer.renderMarked(messages, render));
  if (options.promptOnly) return [{ text: full, train: false }];

  const trained = messages.flatMap((message, index) =>
    (message.train ?? message.role === "assistant") ? [index] : [],
  );
  const spans = trainedSpans();
  spans.sort((a, b) => a.start - b.start);
  const segments: Segment[] = [];
  let at = 0;
  for (const { start, end, message } of spans) {
    if (start > at) segments.push({ text: full.slice(at, start), train: false });
    if (end > start) {
      const text = full.slice(start, end);
      segments.push(message < 0 ? { text, train: true } : { text, train: true, message });
    }
    at = end;
  }
  if (at < full.length) segments.push({ text: full.slice(at), train: false });
  return segments;

  function trainedSpans(): Span[] {
    const frame = frameOf(variables);
    if (renderer.hasGenerationMarks) {
      const spans = generationSpans(full, marks, messages, frame.stop);
      const known = spans.every((span) => span.message >= 0);
      const standard = messages.every((message) => message.train === undefined);
      if (known || standard) {
        const learnt = spans.filter((span) => !known || trained.includes(span.message));
        if (standard) return learnt;
        // Marks are around the assistant's turns only.
        const others = trained.filter((index) => messages[index]!.role !== "assistant");
        if (learnt.length + others.length === trained.length) {
          const found = messageSpans(renderer, messages, others, full, render, frame);
          const all = [...learnt, ...(found ?? [])].sort((a, b) => a.start - b.start);
          if (found && inOrder(all)) return all;
        }
      }
    }
    const spans = messageSpans(renderer, messages, trained, full, render, frame);
    if (spans && inOrder(spans)) return spans;
    throw new DataError(
      `${place(source)}cannot find the assistant's turns in the output of chat template ${name}`,
      {
        why: "the template renders earlier messages differently when later ones follow, and has no {% generation %} marks",
        todo: `${messages.some(hasReasoning) ? "choose what is learnt of the reasoning (split makes a sequence of each turn, drop learns the answers alone), " : ""}add {% generation %} marks to the template, or choose a named template with template_name`,
      },
    );
  }
}

function inOrder(spans: readonly Span[]): boolean {
  return spans.every((span, index) => index === 0 || spans[index - 1]!.end <= span.start);
}
