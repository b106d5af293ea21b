/** Server-sent events. */
import type { ServeContext } from "../context.js";
import type { ServeCall } from "./types.js";

/** Milliseconds of silence after which a comment keeps proxies from closing the connection. */
const pingInterval = 15_000;

/** Milliseconds that a reader may not read for, before the stream is ended. */
const mostStalled = 60_000;

/** Writes one stream. */
export interface EventSink {
  /** Aborted when the client has gone, reads no more, or the server ends. */
  signal: AbortSignal;
  /**
   * Sends `data: TEXT`, with `event:` and `id:` where given. Resolves when there is room for more, at
   * once where the stream has ended.
   */
  send(data: unknown, options?: { event?: string; id?: string }): Promise<void>;
  /** Sends text that is no JSON, such as `[DONE]`. */
  sendText(text: string): Promise<void>;
  /** Sends a comment, which clients skip. */
  comment(text: string): Promise<void>;
}

/**
 * Answers with a stream of events. `produce` writes it; when it returns, the stream ends. What it throws
 * after the client has gone is of no interest.
 *
 * @param onEnd called once, however it ended
 */
export function eventStream(
  c: ServeCall,
  context: Pick<ServeContext, "ended" | "log">,
  produce: (sink: EventSink) => Promise<void>,
  onEnd: () => void = () => {},
): Response {
  const note = c.get("note");
  note.isOpen = true;
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, context.ended]);
  const encoder = new TextEncoder();
  let wake = () => {};
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const write = async (text: string) => {
    if (signal.aborted) return;
    ping.refresh();
    controller.enqueue(encoder.encode(text));
    if ((controller.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => {
      const stalled = setTimeout(() => gone.abort(), mostStalled);
      wake = () => {
        clearTimeout(stalled);
        resolve();
      };
    });
  };
  // Taken away at the end: the server's own signal outlives every stream.
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort, { once: true });
  const ping = setInterval(() => {
    if (!signal.aborted && (controller.desiredSize ?? 0) > 0) void write(": ping\n\n");
  }, pingInterval);
  const sink: EventSink = {
    signal,
    send(data, { event, id } = {}) {
      const head = `${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}`;
      return write(`${head}data: ${JSON.stringify(data)}\n\n`);
    },
    sendText: (text) => write(`data: ${text}\n\n`),
    comment: (text) => write(`: ${text.replaceAll(/[\r\n]+/g, " ")}\n\n`),
  };
  const run = async () => {
    try {
      await produce(sink);
    } catch (error) {
      if (!signal.aborted) context.log(`a stream ended early: ${String(error)}`);
    } finally {
      clearInterval(ping);
      signal.removeEventListener("abort", onAbort);
      if (gone.signal.aborted) note.outcome = "client gone";
      onEnd();
      note.finish();
      try {
        controller.close();
      } catch {
        // The client has cancelled it.
      }
    }
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own;
      },
      pull: () => wake(),
      cancel() {
        gone.abort();
      },
    },
    { highWaterMark: 64 * 1024, size: (chunk) => chunk?.length ?? 0 },
  );
  void run();
  return c.body(body, 200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
}
