/** The engine's process: started, heard, watched, and started again with its models when it dies. */
import type { ChildProcess } from "node:child_process";
import { forkBeside } from "../forkBeside.js";
import { goneError } from "./engineGone.js";
import type { EventQueue } from "./eventQueue.js";
import { addFigures, figuresOfEnded, noFigures } from "./figures.js";
import type { EngineFigures, FromEngine, ToEngine } from "./protocol.js";
import { isLoading, noteDeath, noteModel, type ServedModels, specsToLoad } from "./servedModels.js";

export interface EngineOptions {
  /** Seconds without a sign of life after which the engine is ended and started again. */
  timeout: number;
  log(line: string): void;
}

/** The process, and what was asked of it. */
export interface EngineChild extends EngineOptions {
  models: ServedModels;
  /** Requests that are being answered, by their numbers. */
  pending: Map<number, EventQueue>;
  /** Undefined while there is none. */
  process: ChildProcess | undefined;
  isReady: boolean;
  isEnding: boolean;
  restarts: number;
  /** Starts in a row that died right after they began. */
  quickDeaths: number;
  startedAt: number;
  lastSign: number;
  figures: EngineFigures;
  /** How often figures have been told. */
  beats: number;
  /** Figures of the processes before this one. */
  past: EngineFigures;
  /** Why it cannot be asked. */
  reason: string;
  watch: NodeJS.Timeout | undefined;
  restartTimer: NodeJS.Timeout | undefined;
}

/** Seconds that an engine may be silent for at least while it begins, or loads a model. */
const leastToBegin = 60;

/** Starts of an engine that died right after it began, after which it is left alone for longer. */
const restartDelays = [0, 500, 2000, 10_000, 30_000];

/** Starts the process, and watches it from then on. */
export function startChild({ timeout, log }: EngineOptions): EngineChild {
  const child: EngineChild = {
    timeout,
    log,
    models: new Map(),
    pending: new Map(),
    process: undefined,
    isReady: false,
    isEnding: false,
    restarts: 0,
    quickDeaths: 0,
    startedAt: 0,
    lastSign: 0,
    figures: noFigures,
    beats: 0,
    past: noFigures,
    reason: "the engine is starting",
    watch: undefined,
    restartTimer: undefined,
  };
  child.watch = setInterval(() => check(child), 1000).unref();
  begin(child);
  return child;
}

function begin(child: EngineChild): void {
  child.startedAt = child.lastSign = Date.now();
  const begun = forkBeside(import.meta.url, "inherit");
  begun.on("message", (message) => hear(child, message as FromEngine));
  begun.once("exit", (code, signal) => died(child, code, signal));
  begun.on("error", (error) => child.log(`engine: ${error.message}`));
  child.process = begun;
}

/** Sends a message, where there is a process that hears. */
export function tell({ process }: EngineChild, message: ToEngine): void {
  if (process?.connected) process.send(message, () => {});
}

function hear(child: EngineChild, message: FromEngine): void {
  child.lastSign = Date.now();
  switch (message.type) {
    case "ready":
      child.isReady = true;
      for (const spec of specsToLoad(child.models)) tell(child, { type: "load", spec });
      return;
    case "answers":
      for (const [id, event] of message.events) child.pending.get(id)?.push(event);
      return;
    case "alive":
      child.figures = addFigures(child.past, message.figures);
      child.beats++;
      return;
    default:
      noteModel(child.models, message, child.log);
  }
}

function died(child: EngineChild, code: number | null, signal: NodeJS.Signals | null): void {
  child.process = undefined;
  child.isReady = false;
  child.reason = child.isEnding
    ? "the server is ending"
    : `the engine ended (${signal ?? `exit code ${code}`})`;
  const why = goneError(child.reason, child.isEnding ? null : signal);
  for (const one of child.pending.values()) one.fail(why);
  child.pending.clear();
  child.figures = child.past = figuresOfEnded(child.figures);
  if (child.isEnding) return;
  child.restarts++;
  child.quickDeaths = Date.now() - child.startedAt < 10_000 ? child.quickDeaths + 1 : 0;
  noteDeath(child.models, child.reason);
  const delay = restartDelays[Math.min(child.quickDeaths, restartDelays.length - 1)]!;
  child.log(`${child.reason}; it is started again${delay > 0 ? ` in ${delay / 1000} s` : ""}`);
  child.restartTimer = setTimeout(() => begin(child), delay);
}

/** Asks for a sign of life, and ends the process where there has been none for too long. */
function check(child: EngineChild): void {
  tell(child, { type: "ping" });
  const isBeginning = !child.isReady || isLoading(child.models);
  const seconds = isBeginning ? Math.max(child.timeout, leastToBegin) : child.timeout;
  if (child.process && Date.now() - child.lastSign > seconds * 1000) {
    child.log(`the engine has given no sign of life for ${seconds} s and is ended`);
    child.process.kill("SIGKILL");
  }
}

/** Ends the process for good. */
export function endChild(child: EngineChild): Promise<void> {
  child.isEnding = true;
  clearInterval(child.watch);
  clearTimeout(child.restartTimer);
  const ending = child.process;
  if (!ending) return Promise.resolve();
  return new Promise((resolve) => {
    const kill = setTimeout(() => ending.kill("SIGKILL"), 2000);
    ending.once("exit", () => {
      clearTimeout(kill);
      resolve();
    });
    if (ending.connected) ending.disconnect();
  });
}
