/** The engine as the HTTP process sees it: asked for models and for answers, whatever becomes of its process. */
import type { ServedModel } from "../schema.js";
import { type EngineChild, type EngineOptions, endChild, startChild, tell } from "./child.js";
import { EngineGone, goneError } from "./engineGone.js";
import { answerEvents, eventQueue } from "./eventQueue.js";
import type { AnswerEvent, AnswerRequest, EngineFigures, ModelSpec } from "./protocol.js";
import { addModel, shownModels } from "./servedModels.js";

/** An answer that has begun. */
export interface RunningAnswer {
  begin: Extract<AnswerEvent, { type: "begin" }>;
  /** What follows; throws where the engine fails. Leaving it early cancels the answer. */
  events: AsyncGenerator<AnswerEvent, void, void>;
}

export interface Engine {
  /** Whether it can be asked. */
  isReady(): boolean;
  /** Why it cannot. */
  trouble(): string;
  restarts(): number;
  /** Of its process; undefined while there is none. */
  pid(): number | undefined;
  /** With `beats`, how often they have been told. */
  figures(): EngineFigures & { beats: number };
  models(): ServedModel[];
  /** Loads a model, or begins to: its state tells. @throws where the name is taken */
  load(spec: ModelSpec): void;
  /** Frees a model, whose answers end with an error. @returns whether there was one of this name */
  unload(name: string): boolean;
  /**
   * Asks for answers. Resolves when the prompt is accepted.
   *
   * @throws EngineGone where the engine cannot be asked or dies; DataError, ConfigError for the request
   */
  answer(request: AnswerRequest, signal: AbortSignal): Promise<RunningAnswer>;
  /** Answers that are computed or wait. */
  inFlight(): number;
  /** Ends the child. */
  end(): Promise<void>;
}

/** Starts the engine. */
export function startEngine(options: EngineOptions): Engine {
  const child = startChild(options);
  const { models, pending } = child;
  let lastNumber = 0;
  return {
    isReady: () => child.isReady,
    trouble: () => child.reason,
    restarts: () => child.restarts,
    pid: () => child.process?.pid,
    figures: () => ({ ...child.figures, beats: child.beats }),
    models: () => shownModels(models),
    inFlight: () => Array.from(pending.values()).reduce((sum, { answers }) => sum + answers, 0),
    load(spec) {
      addModel(models, spec);
      if (child.isReady) tell(child, { type: "load", spec });
    },
    unload(name) {
      if (!models.delete(name)) return false;
      tell(child, { type: "unload", name });
      return true;
    },
    answer: (request, signal) => ask(child, ++lastNumber, request, signal),
    end: () => endChild(child),
  };
}

/** @param id that no request before had */
async function ask(
  child: EngineChild,
  id: number,
  request: AnswerRequest,
  signal: AbortSignal,
): Promise<RunningAnswer> {
  if (!child.isReady) throw goneError(child.reason, null);
  const queue = eventQueue(request.n);
  child.pending.set(id, queue);
  const drop = () => {
    if (child.pending.delete(id)) tell(child, { type: "cancel", id });
    queue.close();
  };
  signal.addEventListener("abort", drop, { once: true });
  tell(child, { type: "answer", id, request });
  const events = answerEvents(queue, () => {
    signal.removeEventListener("abort", drop);
    drop();
  });
  const first = await events.next();
  if (first.done || first.value.type !== "begin") throw new EngineGone("the answer was cancelled");
  return { begin: first.value, events };
}
