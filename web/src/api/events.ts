/** Server-sent events over fetch, which can carry a key where EventSource cannot. */
import { ApiError, type RequestOptions, request } from "./client";

export interface ServerSentEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Events of a response's body, as they come. @param onComment gets lines that are no event */
export async function* readEvents(
  response: Response,
  onComment: (text: string) => void = () => {},
): AsyncGenerator<ServerSentEvent> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop()!;
      for (const block of blocks) {
        for (const [, text] of block.matchAll(/^: ?(.*)$/gm)) onComment(text!);
        const event = parseBlock(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  const event: ServerSentEvent = { id: null, event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "data") data.push(value!);
    else if (field === "event") event.event = value!;
    else if (field === "id") event.id = value!;
  }
  return data.length > 0 ? { ...event, data: data.join("\n") } : null;
}

/** @throws ApiError */
export async function* streamEvents(
  path: string,
  options: RequestOptions = {},
): AsyncGenerator<ServerSentEvent> {
  yield* readEvents(await request(path, options));
}

/**
 * Follows a stream and begins again whenever it ends, after the last event that came, until it is
 * stopped.
 *
 * @param onState whether the stream is open
 * @returns stops following
 */
export function follow(
  path: string,
  onEvent: (event: unknown) => void,
  onState: (isOpen: boolean) => void = () => {},
): () => void {
  const control = new AbortController();
  const { signal } = control;
  void (async () => {
    let last: string | null = null;
    for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 8000)) {
      try {
        const since: string = last === null ? "" : `${path.includes("?") ? "&" : "?"}since=${last}`;
        const response = await request(path + since, { signal });
        onState(true);
        for await (const { id, data } of readEvents(response)) {
          last = id ?? last;
          pause = 500;
          onEvent(JSON.parse(data));
        }
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          await untilKey(signal);
          continue;
        }
        // Whatever else ended it, it is tried again.
      }
      if (signal.aborted) return;
      onState(false);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  })();
  return () => control.abort();
}

/** Waits for a key to be entered, or for the signal. */
function untilKey(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    addEventListener("apikeychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
