/**
 * The engine as the HTTP process sees it: a child that is started, asked, watched, and started again with
 * its models when it dies.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { TunewrightError } from "../../util/errors.js";
import { revivedError } from "../../util/plainError.js";
import type { ServedModel } from "../schema.js";
import { withoutPaths } from "../withoutPaths.js";
import type {
  AnswerEvent,
  AnswerRequest,
  EngineFigures,
  FromEngine,
  ModelSpec,
  ToEngine,
} from "./protocol.js";

/** The engine ended, or was ended, while something was asked of it. */
export class EngineGone extends TunewrightError {
  override readonly code = "ENGINE_GONE";
}

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

export interface EngineOptions {
  /** Seconds without a sign of life after which the engine is ended and started again. */
  timeout: number;
  log(line: string): void;
}

interface Pending {
  /** Answers that were asked for. */
  answers: number;
  push(event: AnswerEvent): void;
  fail(error: Error): void;
}

interface Served extends ServedModel {
  spec: ModelSpec;
  /** Times that the engine died while it was loading this. */
  deaths: number;
}

/** Seconds that an engine may be silent for at least while it begins, or loads a model. */
const leastToBegin = 60;

/** A model whose loading has ended the engine so often would end it again. */
const mostDeaths = 2;

/** Starts of an engine that died right after it began, after which it is left alone for longer. */
const restartDelays = [0, 500, 2000, 10_000, 30_000];

const noFigures: EngineFigures = {
  running: 0,
  waiting: 0,
  promptTokens: 0,
  generatedTokens: 0,
  cachedTokens: 0,
  steps: 0,
  keyValueBytes: 0,
  keyValueLimitBytes: 0,
  residentBytes: 0,
  liveTensors: 0,
};

/** Starts the engine. */
export function startEngine({ timeout, log }: EngineOptions): Engine {
  const served = new Map<string, Served>();
  const pending = new Map<number, Pending>();
  let child: ChildProcess | undefined;
  let isReady = false;
  let isEnding = false;
  let restarts = 0;
  let quickDeaths = 0;
  let startedAt = 0;
  let lastSign = 0;
  let lastNumber = 0;
  let figures = noFigures;
  let beats = 0;
  let past = noFigures;
  let reason = "the engine is starting";
  let restartTimer: NodeJS.Timeout | undefined;

  const tell = (message: ToEngine) => {
    if (child?.connected) child.send(message, () => {});
  };
  const start = () => {
    startedAt = lastSign = Date.now();
    child = forkEngine();
    child.on("message", (message) => hear(message as FromEngine));
    child.once("exit", (code, signal) => died(code, signal));
    child.on("error", (error) => log(`engine: ${error.message}`));
  };
  const hear = (message: FromEngine) => {
    lastSign = Date.now();
    switch (message.type) {
      case "ready":
        isReady = true;
        for (const { spec, state } of served.values()) {
          if (state !== "failed") tell({ type: "load", spec });
        }
        return;
      case "answers":
        for (const [id, event] of message.events) pending.get(id)?.push(event);
        return;
      case "alive":
        figures = addFigures(past, message.figures);
        beats++;
        return;
      default:
        hearModel(message);
    }
  };
  const hearModel = (message: Extract<FromEngine, { type: "progress" | "loaded" | "failed" }>) => {
    const model = served.get(message.name);
    if (!model) return;
    if (message.type === "progress") model.progress = message.progress;
    else if (message.type === "loaded") {
      const { facts } = message;
      Object.assign(model, {
        state: "ready",
        progress: null,
        error: null,
        base: withoutPaths(facts.base),
        adapters: facts.adapters.map(withoutPaths),
        family: facts.family,
        parameters: facts.parameters,
        context: facts.context,
        weights: facts.weights,
        memory_bytes: facts.memoryBytes,
        tools: facts.tools,
        reasoning: facts.reasoning,
        defaults: facts.defaults,
      } satisfies Partial<ServedModel>);
      for (const note of facts.notes) log(`${message.name}: ${note}`);
      const shared = facts.shares === null ? "" : `, weights shared with ${facts.shares}`;
      log(`${message.name} is ready (${facts.weights}${shared})`);
    } else {
      const { message: what, why, todo } = message.error;
      failModel(model, withoutPaths(why ? `${what}: ${why}` : what));
      const lines = [
        what,
        ...(why ? [`  why: ${why}`] : []),
        ...(todo ? [`  to do: ${todo}`] : []),
      ];
      log(`${message.name} cannot be served: ${lines.join("\n")}`);
    }
  };
  const failModel = (model: Served, error: string) => {
    Object.assign(model, { state: "failed", progress: null, error });
  };
  const died = (code: number | null, signal: NodeJS.Signals | null) => {
    child = undefined;
    isReady = false;
    reason = isEnding
      ? "the server is ending"
      : `the engine ended (${signal ?? `exit code ${code}`})`;
    const why = goneError(reason, isEnding ? null : signal);
    for (const one of pending.values()) one.fail(why);
    pending.clear();
    past = {
      ...figures,
      running: 0,
      waiting: 0,
      keyValueBytes: 0,
      residentBytes: 0,
      liveTensors: 0,
    };
    figures = past;
    if (isEnding) return;
    restarts++;
    quickDeaths = Date.now() - startedAt < 10_000 ? quickDeaths + 1 : 0;
    for (const model of served.values()) {
      if (isBeingLoaded(model) && ++model.deaths >= mostDeaths)
        failModel(model, `${reason} while it was loaded`);
      else if (model.state !== "failed") Object.assign(model, { state: "loading", progress: null });
    }
    const delay = restartDelays[Math.min(quickDeaths, restartDelays.length - 1)]!;
    log(`${reason}; it is started again${delay > 0 ? ` in ${delay / 1000} s` : ""}`);
    restartTimer = setTimeout(start, delay);
  };
  const watch = setInterval(() => {
    tell({ type: "ping" });
    const isBeginning = !isReady || Array.from(served.values()).some(isBeingLoaded);
    const seconds = isBeginning ? Math.max(timeout, leastToBegin) : timeout;
    if (child && Date.now() - lastSign > seconds * 1000) {
      log(`the engine has given no sign of life for ${seconds} s and is ended`);
      child.kill("SIGKILL");
    }
  }, 1000);
  watch.unref();
  start();

  return {
    isReady: () => isReady,
    trouble: () => reason,
    restarts: () => restarts,
    pid: () => child?.pid,
    figures: () => ({ ...figures, beats }),
    models: () =>
      Array.from(served.values(), ({ spec: _spec, deaths: _deaths, ...model }) => model),
    inFlight: () => Array.from(pending.values()).reduce((sum, { answers }) => sum + answers, 0),
    load(spec) {
      if (served.get(spec.name)?.state === "failed") served.delete(spec.name);
      if (served.has(spec.name)) throw new RangeError(`${spec.name} is served already`);
      served.set(spec.name, newModel(spec));
      if (isReady) tell({ type: "load", spec });
    },
    unload(name) {
      if (!served.delete(name)) return false;
      tell({ type: "unload", name });
      return true;
    },
    async answer(request, signal) {
      if (!isReady) throw new EngineGone(reason, { todo: "ask again in some seconds" });
      const id = ++lastNumber;
      const queue = eventQueue(request.n);
      pending.set(id, queue);
      const drop = () => {
        if (pending.delete(id)) tell({ type: "cancel", id });
        queue.close();
      };
      signal.addEventListener("abort", drop, { once: true });
      tell({ type: "answer", id, request });
      const events = answerEvents(queue, () => {
        signal.removeEventListener("abort", drop);
        drop();
      });
      const first = await events.next();
      if (first.done || first.value.type !== "begin")
        throw new EngineGone("the answer was cancelled");
      return { begin: first.value, events };
    },
    end() {
      isEnding = true;
      clearInterval(watch);
      clearTimeout(restartTimer);
      const ending = child;
      if (!ending) return Promise.resolve();
      return new Promise((resolve) => {
        const kill = setTimeout(() => ending.kill("SIGKILL"), 2000);
        ending.once("exit", () => {
          clearTimeout(kill);
          resolve();
        });
        if (ending.connected) ending.disconnect();
      });
    },
  };
}

function goneError(reason: string, signal: NodeJS.Signals | null): EngineGone {
  const killed = "it was killed: by hand, or by the system for want of memory";
  return new EngineGone(reason, {
    ...(signal === "SIGKILL" ? { why: killed } : {}),
    todo: "ask again in some seconds",
  });
}

/** A process of its own, from the build or, in tests, from the sources. */
function forkEngine(): ChildProcess {
  const fromSource = import.meta.url.endsWith(".ts");
  const entry = new URL(fromSource ? "./main.ts" : "./main.js", import.meta.url);
  return fork(fileURLToPath(entry), [], {
    execArgv: fromSource ? ["--import", "tsx"] : [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/** Others wait for their turn. */
function isBeingLoaded({ state, progress }: Served): boolean {
  return state === "loading" && progress !== null;
}

function newModel(spec: ModelSpec): Served {
  return {
    spec,
    deaths: 0,
    name: spec.name,
    state: "loading",
    progress: null,
    error: null,
    source: spec.source,
    base: "",
    adapters: [],
    family: null,
    parameters: null,
    context: null,
    weights: null,
    memory_bytes: null,
    tools: false,
    reasoning: false,
    defaults: {},
  };
}

/** Counters go on counting over restarts. */
function addFigures(past: EngineFigures, now: EngineFigures): EngineFigures {
  return {
    ...now,
    promptTokens: past.promptTokens + now.promptTokens,
    generatedTokens: past.generatedTokens + now.generatedTokens,
    cachedTokens: past.cachedTokens + now.cachedTokens,
    steps: past.steps + now.steps,
  };
}

interface EventQueue extends Pending {
  close(): void;
  next(): Promise<AnswerEvent | null>;
}

/** Events that have come and were not taken yet; at most those of one answer, so that it stays small. */
function eventQueue(answers: number): EventQueue {
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

/** @param done called once, however it ended */
async function* answerEvents(
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
