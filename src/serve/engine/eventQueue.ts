/** Events of one request on their way from the engine to whoever reads them. */
import { revivedError } from "../../util/plainError.js";
import type { AnswerEvent } from "./protocol.js";

export interface EventQueue {
  /** Answers that were asked for. */
  answers: number;
  push(event: AnswerEvent): void;
  fail(error: Error): void;
  close(): void;
  /** Null where it was closed. @throws what it failed with */
  next(): Promise<AnswerEvent | null>;
}

/** Events that have come and were not taken yet; at most those of one answer, so that it stays small. */
export function eventQueue(answers: number): EventQueue {
  const events: AnswerEvent[] = [];
  let failure: Error | undefined;
  let closed = false;
  let wake = () => {};
  return {
    answers,
    push(event) {
      events.push(event);
      wake();
    },
    fail(error) {
      failure = error;
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    async next() {
      for (;;) {
        const event = events.shift();
        if (event) return event;
        if (failure) throw failure;
        if (closed) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/**
 * Takes events until the last; throws where one is an error.
 *
 * @param done called once, however it ended
 */
export async function* answerEvents(
  queue: EventQueue,
  done: () => void,
): AsyncGenerator<AnswerEvent, void, void> {
  try {
    for (let event = await queue.next(); event; event = await queue.next()) {
      if (event.type === "error") throw revivedError(event.error);
      yield event;
      if (event.type === "end") return;
    }
  } finally {
    done();
  }
}
