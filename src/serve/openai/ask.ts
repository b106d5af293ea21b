/** From a request of OpenAI's API to the engine: which model, whether there is room, what its errors mean. */
import { getConnInfo } from "@hono/node-server/conninfo";
import { ConfigError, DataError } from "../../util/errors.js";
import type { ServeContext } from "../context.js";
import { type AnswerRequest, EngineGone, type RunningAnswer } from "../engine/index.js";
import {
  badRequest,
  HttpError,
  lineOf,
  type ServeCall,
  unavailable,
  unknownModel,
} from "../http/index.js";
import type { ServedModel } from "../schema.js";

/** Seconds after which something that is loading or restarting may be asked again. */
const soon = 5;

/** The model that a request names. @throws HttpError 404, or 503 where it is not ready */
export function modelOf({ engine }: ServeContext, name: string): ServedModel {
  const model = engine.models().find((one) => one.name === name);
  if (!model) throw unknownModel(name, engine.models());
  if (model.state === "failed") {
    throw unavailable(`The model ${name} could not be loaded: ${model.error}`, "model_failed", 60);
  }
  if (!engine.isReady())
    throw unavailable(`${engine.trouble()}; ask again in some seconds`, "engine_unavailable", soon);
  if (model.state === "loading") {
    throw unavailable(`The model ${name} is still loading`, "model_loading", soon);
  }
  return model;
}

/** Refuses what the queue has no room for. @param answers that the request asks for */
export function checkRoom({ engine, limits }: ServeContext, answers: number): void {
  if (answers > limits.requests) {
    throw badRequest(`A request may ask for at most ${limits.requests} answers`, "n");
  }
  if (engine.inFlight() + answers <= limits.requests) return;
  throw new HttpError(429, "Too many requests are being answered; ask again soon", {
    code: "queue_full",
    headers: { "retry-after": "2" },
  });
}

/** Whose request it is: users take turns, and those of one address where none is named. */
export function clientOf(c: ServeCall, user: string | undefined): string {
  if (user !== undefined) return `user ${user}`;
  return getConnInfo(c).remote.address ?? "";
}

/** Asks the engine. @throws HttpError where it refuses, or is gone */
export async function ask(
  { engine }: ServeContext,
  request: AnswerRequest,
  signal: AbortSignal,
): Promise<RunningAnswer> {
  try {
    return await engine.answer(request, signal);
  } catch (error) {
    throw answerError(error);
  }
}

/** What went wrong with an answer, as an error of HTTP. */
export function answerError(error: unknown): unknown {
  if (error instanceof EngineGone) return unavailable(lineOf(error), "engine_unavailable", soon);
  if (error instanceof DataError && /too long/.test(error.message)) {
    return badRequest(lineOf(error), "messages", "context_length_exceeded");
  }
  if (error instanceof DataError || error instanceof ConfigError) return badRequest(lineOf(error));
  return error;
}
