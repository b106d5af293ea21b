/** Which parts of a conversation rendered by a Jinja template the assistant says. */
import type { JinjaRenderer, JinjaRenderOptions } from "./jinja/index.js";
import { closeMark, openMark, openSpelled } from "./marks.js";
import { hasReasoning, reasoningKeys, reasoningOf } from "./reasoning.js";
import type { Message, TemplateVariables } from "./types.js";

/** `text[start, end)` comes from `messages[message]`; -1 where that is not known. */
export interface Span {
  start: number;
  end: number;
  message: number;
}

/** What a template puts around an assistant's words, read off a conversation of one turn. */
export interface TurnFrame {
  /** What `add_generation_prompt` adds. */
  prompt: string;
  /** Text between the generation prompt and the words, which the model has to write itself. */
  lead: string;
  /** From the end of the words to the end of the end token; empty if the template has none. */
  trail: string;
  /** Texts that end a turn, the template's own first. */
  stop: readonly string[];
}

type Render = (messages: readonly Message[], addGenerationPrompt: boolean) => string | undefined;

/**
 * Finds the span of each wanted message: from where the generation prompt ends up to and including
 * the end token. Nothing is searched for in the text. First the conversation is rendered once more
 * with a mark in place of each of the assistant's messages; what stands around the marks must stand
 * in the same order in the real text, with the messages between. Where a template does more than
 * put words into a frame (tool calls, reasoning that it drops later), a turn starts where the
 * conversation before it, rendered alone with a generation prompt, ends.
 * @returns undefined when neither works for a message
 */
export function messageSpans(
  renderer: JinjaRenderer,
  messages: readonly Message[],
  wanted: readonly number[],
  full: string,
  given: Pick<JinjaRenderOptions, "tools" | "variables">,
  frame: TurnFrame,
): Span[] | undefined {
  const render: Render = (part, addGenerationPrompt) => {
    try {
      return renderer.render(part, { ...given, addGenerationPrompt });
    } catch {
      return undefined;
    }
  };
  const found = new Map<number, Span>();
  const simple = wanted.filter((index) => isPlainAnswer(messages[index]!));
  for (const span of alignMarked(render, messages, simple, full, frame) ?? []) {
    found.set(span.message, span);
  }
  const spans: Span[] = [];
  for (const message of wanted) {
    const span = found.get(message) ?? spanByPrefix(render, messages, message, full, frame);
    if (span === undefined) return undefined;
    spans.push({ ...span, end: withoutTail(full, span.start, span.end, frame.stop) });
  }
  return spans;
}

/** Marks stand at `messages[index]` for each index; the conversation may go on behind them. */
function withMarks(messages: readonly Message[], indexes: readonly number[]): Message[] {
  const marked = [...messages];
  for (const index of indexes) {
    marked[index] = { ...messages[index]!, content: `${openMark}${index}${closeMark}` };
  }
  return marked;
}

function isPlainAnswer(message: Message): boolean {
  return (
    message.role === "assistant" &&
    typeof message.content === "string" &&
    message.content.trim() !== "" &&
    !message.tool_calls &&
    reasoningKeys.every((key) => message[key] == null)
  );
}

function alignMarked(
  render: Render,
  messages: readonly Message[],
  indexes: readonly number[],
  full: string,
  frame: TurnFrame,
): Span[] | undefined {
  if (indexes.length === 0) return undefined;
  // The generation prompt does not matter here: it comes behind every message.
  const marked = render(withMarks(messages, indexes), false);
  const parts = marked?.split(/\ufdd0(\d+)\ufdd1/);
  if (parts?.length !== 2 * indexes.length + 1) return undefined;
  const spans: Span[] = [];
  let at = 0;
  for (const [order, message] of indexes.entries()) {
    const before = parts[2 * order]!;
    const after = parts[2 * order + 2]!;
    if (parts[2 * order + 1] !== String(message) || !full.startsWith(before, at)) return undefined;
    const start = at + before.length;
    const { content } = messages[message]!;
    const words = [content, content.trim()].find(
      (text) => full.startsWith(text, start) && full.startsWith(after, start + text.length),
    );
    if (words === undefined) return undefined;
    at = start + words.length;
    const opened = before.endsWith(frame.prompt + frame.lead) ? frame.lead.length : 0;
    if (opened === 0 && !before.endsWith(frame.prompt)) return undefined;
    spans.push({ start: start - opened, end: endOfTurn(full, at, after, frame), message });
  }
  return spans;
}

/** The end of a turn whose words end at `at` with `after` behind them. */
function endOfTurn(full: string, at: number, after: string, frame: TurnFrame): number {
  if (after.startsWith(frame.trail)) return at + frame.trail.length;
  const stop = frame.stop.find((text) => full.startsWith(text, at));
  return stop === undefined ? at : at + stop.length;
}

function spanByPrefix(
  render: Render,
  messages: readonly Message[],
  message: number,
  full: string,
  frame: TurnFrame,
): Span | undefined {
  const isAssistant = messages[message]!.role === "assistant";
  const prefix = (count: number, addGenerationPrompt: boolean): number | undefined => {
    if (count === 0 && !addGenerationPrompt) return 0;
    if (count === messages.length) return full.length;
    const text = render(messages.slice(0, count), addGenerationPrompt);
    return text !== undefined && full.startsWith(text) ? text.length : undefined;
  };
  let start = prefix(message, isAssistant);
  let end = prefix(message + 1, false);
  if (isAssistant && (start === undefined || end === undefined)) {
    const around = aroundMessage(render, messages, message, full);
    if (around === undefined || hasReasoning(messages[message]!)) {
      start ??= partingStart(render, messages, message, full, frame, around?.start);
    }
    start ??= around?.start;
    if (messages[message]!.tool_calls) end ??= generationEnd(full, start ?? full.length, frame);
    else if (around) end ??= endOfTurn(full, around.end, full.slice(around.end), frame);
  }
  if (start === undefined || end === undefined) return undefined;
  const { content, tool_calls } = messages[message]!;
  const says = Boolean(content?.trim() || tool_calls?.length);
  if (end < start || (says && end === start)) return undefined;
  return isAnsweredWithin(render, messages, message, full, end)
    ? undefined
    : { start, end, message };
}

/** Whether a template writes the result of a tool before the turn that calls it is over. */
function isAnsweredWithin(
  render: Render,
  messages: readonly Message[],
  message: number,
  full: string,
  end: number,
): boolean {
  if (messages[message + 1]?.role !== "tool") return false;
  const result = aroundMessage(render, messages, message + 1, full);
  return result !== undefined && result.start < end;
}

/**
 * Where a turn begins that the conversation before it with a generation prompt does not lead to:
 * where the two part, since that prompt may open reasoning, or hold empty reasoning, in the place of
 * what the turn has; at the latest where its words begin. Where the conversation before it is written
 * otherwise too, behind what opens a turn before its reasoning; without that, at the words.
 */
function partingStart(
  render: Render,
  messages: readonly Message[],
  message: number,
  full: string,
  frame: TurnFrame,
  words: number | undefined,
): number | undefined {
  const before = messages.slice(0, message);
  const [asked, prompt] = [render(before, false), render(before, true)];
  if (asked === undefined || prompt === undefined || !full.startsWith(asked)) {
    const reasoning = reasoningOf(messages[message]!);
    const shown = reasoning ? full.lastIndexOf(reasoning, words) : -1;
    if (shown === -1) return words;
    const opened = frame.prompt === "" ? -1 : full.lastIndexOf(frame.prompt, shown);
    return opened === -1 ? undefined : opened + frame.prompt.length;
  }
  let at = asked.length;
  while (at < prompt.length && prompt[at] === full[at]) at++;
  // `<think>` and `<tool_call>` part before them, not behind `<t`.
  const tag = full.slice(asked.length, at).search(/<[^<>]*$/);
  if (tag >= 0) at = asked.length + tag;
  return at === asked.length ? words : Math.min(at, words ?? at);
}

/** Where a model that generates from `start` would stop: behind the first end token. */
function generationEnd(full: string, start: number, frame: TurnFrame): number | undefined {
  const ends = frame.stop.flatMap((text) => {
    let at = full.indexOf(text, start);
    // What the row's own text spells ends nothing.
    while (at > 0 && full[at - 1] === openSpelled) at = full.indexOf(text, at + 1);
    return at === -1 ? [] : [at + text.length];
  });
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Where one message's words stand, from what the template writes before and behind a mark. */
function aroundMessage(
  render: Render,
  messages: readonly Message[],
  message: number,
  full: string,
): { start: number; end: number } | undefined {
  const parts = render(withMarks(messages, [message]), false)?.split(/\ufdd0\d+\ufdd1/);
  if (parts?.length !== 2) return undefined;
  const [before, after] = parts as [string, string];
  const end = full.length - after.length;
  if (end < before.length || !full.startsWith(before) || !full.endsWith(after)) return undefined;
  return { start: before.length, end };
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
    const next = marked[index + 1]?.[0] ?? full.length;
    const missing = stop.find((token) => full.startsWith(token, end) && end + token.length <= next);
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

/**
 * Reads a template's frame off a question and an answer.
 * @param ends texts that may end a turn (the tokenizer's added tokens)
 * @param eos texts of the model's end tokens
 * @param variables that the template is rendered with
 */
export function readTurnFrame(
  renderer: JinjaRenderer,
  ends: readonly string[],
  eos: readonly string[],
  variables?: TemplateVariables,
): TurnFrame {
  const question: Message = { role: "user", content: "question" };
  const mark = `${openMark}0${closeMark}`;
  const unread: TurnFrame = { prompt: "", lead: "", trail: "", stop: eos };
  try {
    const render = (messages: Message[], addGenerationPrompt: boolean) =>
      renderer.render(messages, { addGenerationPrompt, variables });
    const asked = render([question], false);
    const prompted = render([question], true);
    const answered = render([question, { role: "assistant", content: mark }], false);
    const at = answered.indexOf(mark);
    if (at === -1) return unread;
    const before = answered.slice(0, at);
    const after = answered.slice(at + mark.length);
    const tail = after.trim();
    // The longest match, since one token's text may begin another's.
    const known = ends
      .filter((text) => text !== "" && tail.startsWith(text))
      .sort((a, b) => b.length - a.length)[0];
    const own = known ?? (/^\S{1,40}$/.test(tail) ? tail : "");
    return {
      prompt: prompted.startsWith(asked) ? prompted.slice(asked.length) : prompted,
      lead: before.startsWith(prompted) ? before.slice(prompted.length) : "",
      trail: own === "" ? "" : after.slice(0, after.indexOf(own) + own.length),
      stop: [...new Set([own, ...eos])].filter((text) => text !== ""),
    };
  } catch {
    return unread;
  }
}
