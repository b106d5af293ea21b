/** What streams of answers have in common. */
import type { ServeContext } from "../context.js";
import { asHttpError, type EventSink, errorBody } from "../http/index.js";

/** Says at the beginning of a stream what was left out of the prompt. */
export async function startedStream(sink: EventSink, droppedMessages: number): Promise<void> {
  if (droppedMessages === 0) return;
  const plural = droppedMessages === 1 ? "message was" : "messages were";
  await sink.comment(`${droppedMessages} old ${plural} left out: the model has no room for them`);
}

/** Tells of an error where the status is sent already. `[DONE]` follows, as clients expect. */
export async function sendError(
  sink: EventSink,
  error: unknown,
  context: Pick<ServeContext, "log">,
): Promise<void> {
  await sink.send(errorBody(asHttpError(error, context)));
}
