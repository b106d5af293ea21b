/** What the log and the metrics learn of an answer while its events pass. */
import type { ServeContext } from "../context.js";
import type { AnswerEvent } from "../engine/index.js";
import type { RequestNote } from "../http/index.js";

/** Gives a function that is told of every event of a request. */
export function watchAnswer(
  { metrics }: ServeContext,
  note: RequestNote,
): (event: AnswerEvent) => void {
  const last = new Map<number, number>();
  return (event) => {
    if (event.type === "delta") {
      const now = performance.now();
      const before = last.get(event.index);
      if (before === undefined) metrics.timeToFirstToken((now - note.started) / 1000);
      else metrics.timeBetweenTokens((now - before) / 1000);
      last.set(event.index, now);
    } else if (event.type === "finish") metrics.countAnswer(event.reason);
    else if (event.type === "end") {
      note.promptTokens += event.usage.promptTokens;
      note.answerTokens += event.usage.completionTokens;
    }
  };
}
