/** Which parts of a conversation rendered by a Jinja template the assistant says. */
import type { JinjaRenderer } from "./jinja.js";
import type { Message } from "./types.js";

/** `text[start, end)` comes from `messages[message]`. */
export interface Span {
  start: number;
  end: number;
  message: number;
}

/**
 * Finds the span of each wanted message, from what opens its turn (excluded) to what ends it
 * (included). Nothing is searched: the conversation up to the turn is rendered alone, must be the
 * beginning of the whole, and the turn starts where it ends. Returns undefined when the template
 * does not build on its own beginnings in that way.
 * @param full the whole conversation, rendered
 * @param stop texts that end an assistant turn
 */
export function messageSpans(
  renderer: JinjaRenderer,
  messages: readonly Message[],
  wanted: readonly number[],
  full: string,
  tools: unknown[] | undefined,
  stop: readonly string[],
): Span[] | undefined {
  const render = (count: number, addGenerationPrompt: boolean) => {
    try {
      return renderer.render(messages.slice(0, count), { addGenerationPrompt, tools });
    } catch {
      return undefined;
    }
  };
  const spans: Span[] = [];
  for (const message of wanted) {
    const isAssistant = messages[message]!.role === "assistant";
    const start = isAssistant
      ? assistantStart(render, message, full)
      : prefixEnd(message === 0 ? "" : render(message, false), full);
    if (start === undefined) return undefined;
    const end =
      (isAssistant ? anchoredEnd(full, start, messages[message]!.content, stop) : undefined) ??
      prefixEnd(message + 1 === messages.length ? full : render(message + 1, false), full);
    if (end === undefined || end < start) return undefined;
    spans.push({ start, end: withoutTail(full, start, end, stop), message });
  }
  return spans;
}

type RenderPrefix = (count: number, addGenerationPrompt: boolean) => string | undefined;

/** Where an assistant message begins: after the generation prompt, or as much of it as is there. */
function assistantStart(render: RenderPrefix, message: number, full: string): number | undefined {
  const prompt = render(message, true);
  if (prompt === undefined) return undefined;
  if (full.startsWith(prompt)) return prompt.length;
  const before = message === 0 ? "" : render(message, false);
  if (before === undefined || !full.startsWith(before) || !prompt.startsWith(before)) {
    return undefined;
  }
  // Some templates open a turn in generation with more than history shows (`<think>`, say).
  let start = before.length;
  while (start < prompt.length && full[start] === prompt[start]) start++;
  return start > before.length ? start : undefined;
}

function prefixEnd(prefix: string | undefined, full: string): number | undefined {
  return prefix !== undefined && full.startsWith(prefix) ? prefix.length : undefined;
}

/** The end when the turn is exactly the message's content and an end token. */
function anchoredEnd(
  full: string,
  start: number,
  content: string,
  stop: readonly string[],
): number | undefined {
  for (const text of [content, content.trim()]) {
    if (typeof text !== "string" || text === "" || !full.startsWith(text, start)) continue;
    const after = start + text.length;
    const end = stop.find((token) => full.startsWith(token, after));
    if (end !== undefined) return after + end.length;
  }
  return undefined;
}

/** Leaves out whitespace behind the end token: a model stops before it would write that. */
function withoutTail(full: string, start: number, end: number, stop: readonly string[]): number {
  const trimmed = full.slice(start, end).trimEnd();
  return stop.some((token) => trimmed.endsWith(token)) ? start + trimmed.length : end;
}

/**
 * The spans that `{% generation %}` marks, made to include the end token where the template marks
 * only the words, and without whitespace behind it.
 */
export function generationSpans(
  full: string,
  marked: readonly [number, number][],
  messages: readonly Message[],
  stop: readonly string[],
): Span[] {
  const assistants = messages.flatMap(({ role }, index) => (role === "assistant" ? [index] : []));
  const matched = marked.length === assistants.length;
  return marked.map(([start, end], index) => {
    const missing = stop.find((token) => full.startsWith(token, end));
    const ended = full.slice(start, end).trimEnd();
    const hasEnd = stop.some((token) => ended.endsWith(token));
    return {
      start,
      end:
        missing !== undefined && !hasEnd
          ? end + missing.length
          : withoutTail(full, start, end, stop),
      message: matched ? assistants[index]! : -1,
    };
  });
}
