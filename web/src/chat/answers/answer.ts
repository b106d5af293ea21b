/** An answer as it comes in: plain data, changed only by the functions here. */

export interface TokenChoice {
  /** As it is shown: bytes that are no character by themselves as `⟨E4 BD⟩`. */
  text: string;
  /** Natural logarithm of the model's own probability, before temperature and penalties. */
  logprob: number;
}

/** A token that was taken, and the likeliest in its place. */
export interface AnswerToken extends TokenChoice {
  top: TokenChoice[];
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON as the model wrote it. */
  arguments: string;
}

export interface AnswerUsage {
  prompt: number;
  completion: number;
}

export type AnswerState = "waiting" | "running" | "done" | "stopped" | "failed";

export interface Answer {
  model: string;
  content: string;
  reasoning: string;
  toolCalls: ToolCall[];
  tokens: AnswerToken[];
  state: AnswerState;
  finishReason: string | null;
  usage: AnswerUsage | null;
  /** Old messages that the model had no room for. */
  droppedMessages: number;
  /** What the server says of fields that it did not use. */
  warnings: string[];
  error: string | null;
  /** Moment until which the server asked to wait, in ms since 1970; null while it does not. */
  waitsUntil: number | null;
  /** In ms since 1970. */
  started: number;
  firstToken: number | null;
  ended: number | null;
}

/** What a chunk of `chat.completion.chunk` may hold. */
export interface Chunk {
  choices?: {
    delta?: {
      content?: string | null;
      reasoning_content?: string | null;
      tool_calls?: {
        index: number;
        id?: string;
        function?: { name?: string; arguments?: string };
      }[];
    };
    logprobs?: { content?: ChunkToken[] | null } | null;
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  dropped_messages?: number;
  warnings?: string[];
  error?: { message: string };
}

interface ChunkToken {
  token: string;
  logprob: number;
  bytes?: number[] | null;
  top_logprobs?: { token: string; logprob: number; bytes?: number[] | null }[];
}

/** An answer of which nothing has come yet. @param now in ms since 1970 */
export function newAnswer(model: string, now: number): Answer {
  return {
    model,
    content: "",
    reasoning: "",
    toolCalls: [],
    tokens: [],
    state: "waiting",
    finishReason: null,
    usage: null,
    droppedMessages: 0,
    warnings: [],
    error: null,
    waitsUntil: null,
    started: now,
    firstToken: null,
    ended: null,
  };
}

/** The answer again, to be gone on with after what it holds. */
export function resumed(answer: Answer, now: number): Answer {
  return {
    ...newAnswer(answer.model, now),
    content: answer.content,
    reasoning: answer.reasoning,
    tokens: answer.tokens,
  };
}

/** The answer with what a chunk adds. @param now in ms since 1970 */
export function withChunk(answer: Answer, chunk: Chunk, now: number): Answer {
  if (chunk.error) return ended(answer, "failed", now, chunk.error.message);
  const next = { ...answer, waitsUntil: null };
  if (chunk.usage) {
    const { prompt_tokens: prompt, completion_tokens: completion } = chunk.usage;
    next.usage = { prompt, completion };
  }
  next.droppedMessages = chunk.dropped_messages ?? answer.droppedMessages;
  next.warnings = chunk.warnings ?? answer.warnings;
  const choice = chunk.choices?.[0];
  if (!choice) return next;
  const { delta = {}, logprobs, finish_reason: reason } = choice;
  next.content += delta.content ?? "";
  next.reasoning += delta.reasoning_content ?? "";
  if (delta.tool_calls) next.toolCalls = withCalls(answer.toolCalls, delta.tool_calls);
  if (logprobs?.content?.length) {
    next.tokens = [...answer.tokens, ...logprobs.content.map(tokenOf)];
  }
  if (delta.content || delta.reasoning_content || delta.tool_calls) {
    next.firstToken ??= now;
    next.state = "running";
  }
  if (reason) next.finishReason = reason;
  return next;
}

/** The answer with what a comment of the stream says of it. */
export function withComment(answer: Answer, comment: string): Answer {
  const [, warning] = /^warning: (.+)$/.exec(comment) ?? [];
  return warning ? { ...answer, warnings: [...answer.warnings, warning] } : answer;
}

function withCalls(
  calls: readonly ToolCall[],
  deltas: NonNullable<NonNullable<NonNullable<Chunk["choices"]>[0]["delta"]>["tool_calls"]>,
): ToolCall[] {
  const next = calls.map((call) => ({ ...call }));
  for (const { index, id, function: called } of deltas) {
    next[index] ??= { id: "", name: "", arguments: "" };
    const call = next[index];
    if (id) call.id = id;
    if (called?.name) call.name = called.name;
    call.arguments += called?.arguments ?? "";
  }
  return next;
}

function tokenOf({ top_logprobs = [], ...chosen }: ChunkToken): AnswerToken {
  const shown = ({ token, logprob, bytes }: ChunkToken): TokenChoice => ({
    text: shownToken(token, bytes ?? null),
    logprob,
  });
  return { ...shown(chosen), top: top_logprobs.map(shown) };
}

/** A token as text; bytes that are only part of a character in hexadecimal. */
export function shownToken(token: string, bytes: readonly number[] | null): string {
  if (bytes === null || !token.includes("\uFFFD")) return token;
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return `⟨${hex.join(" ")}⟩`;
}

/** The answer at its end. A stream that ended without a finish reason was broken off. */
export function ended(
  answer: Answer,
  state: "done" | "stopped" | "failed",
  now: number,
  error: string | null = null,
): Answer {
  return { ...answer, state, error, waitsUntil: null, ended: now };
}

export function isOpen({ state }: Answer): boolean {
  return state === "waiting" || state === "running";
}

/** Whether it has anything that a conversation can go on from. */
export function hasText({ content, toolCalls }: Answer): boolean {
  return content !== "" || toolCalls.length > 0;
}

/** Whether it can be gone on with: it was cut by its limit, stopped, or broken off. */
export function isUnfinished({ state, finishReason, content, toolCalls }: Answer): boolean {
  if (content === "" || toolCalls.length > 0) return false;
  return state === "stopped" || state === "failed" || finishReason === "length";
}

/** Tokens per second from the first token to the last, or null where that says nothing. */
export function speedOf(
  { usage, tokens, firstToken, ended: end }: Answer,
  now: number,
): number | null {
  const count = usage?.completion ?? tokens.length;
  if (firstToken === null || count < 2) return null;
  const seconds = ((end ?? now) - firstToken) / 1000;
  return seconds > 0.05 ? (count - 1) / seconds : null;
}
