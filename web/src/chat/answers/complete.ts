/** Asks the server for an answer and follows its stream. */
import { ApiError, request } from "../../api/client";
import { readEvents } from "../../api/events";
import { type Answer, type Chunk, ended, withChunk, withComment } from "./answer";

/** Milliseconds between two showings of an answer that grows. */
const showEvery = 40;

/** Seconds to wait where a full server does not say how long, and the longest that is waited. */
const defaultWait = 2;
const longestWait = 60;

/**
 * Fills an answer. It never throws: what goes wrong stands in the answer, beside what came before. A
 * server that is full (429) or starts its engine is asked again after as long as it says.
 *
 * @param begun the answer as it stands, perhaps with text that it goes on from
 * @param body of POST /v1/chat/completions, without `stream`
 * @param onChange gets the answer whenever it has grown
 */
export async function complete(
  begun: Answer,
  body: Record<string, unknown>,
  signal: AbortSignal,
  onChange: (answer: Answer) => void,
): Promise<Answer> {
  let answer = begun;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const show = () => {
    timer ??= setTimeout(() => {
      timer = null;
      onChange(answer);
    }, showEvery);
  };
  const finish = (last: Answer): Answer => {
    if (timer !== null) clearTimeout(timer);
    onChange(last);
    return last;
  };
  try {
    const response = await requestWhenFree(body, signal, (until) => {
      answer = { ...answer, waitsUntil: until };
      onChange(answer);
    });
    answer = { ...answer, waitsUntil: null };
    const note = (text: string) => {
      answer = withComment(answer, text);
    };
    for await (const { data } of readEvents(response, note)) {
      if (data === "[DONE]") break;
      answer = withChunk(answer, JSON.parse(data) as Chunk, Date.now());
      if (answer.state === "failed") return finish(answer);
      show();
    }
    if (signal.aborted) return finish(ended(answer, "stopped", Date.now()));
    if (answer.finishReason !== null) return finish(ended(answer, "done", Date.now()));
    return finish(
      ended(answer, "failed", Date.now(), "The connection ended before the answer did."),
    );
  } catch (error) {
    if (signal.aborted) return finish(ended(answer, "stopped", Date.now()));
    const message =
      error instanceof ApiError ? error.message : "The connection to the server was lost.";
    return finish(ended(answer, "failed", Date.now(), message));
  }
}

/** @param onWait gets the moment until which it waits, in ms since 1970 */
async function requestWhenFree(
  body: Record<string, unknown>,
  signal: AbortSignal,
  onWait: (until: number) => void,
): Promise<Response> {
  for (;;) {
    try {
      return await request("v1/chat/completions", {
        method: "POST",
        body: { ...body, stream: true, stream_options: { include_usage: true } },
        signal,
      });
    } catch (error) {
      if (!(error instanceof ApiError) || !isPassing(error)) throw error;
      const seconds = Math.min(error.retryAfter ?? defaultWait, longestWait);
      onWait(Date.now() + seconds * 1000);
      await pause(seconds * 1000, signal);
    }
  }
}

/** Full, or an engine or model that is just starting. */
function isPassing({ status, code }: ApiError): boolean {
  return status === 429 || code === "engine_unavailable" || code === "model_loading";
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
