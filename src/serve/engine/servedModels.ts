/** The models that are to be served, as the HTTP process knows them: what was asked for, and what the engine told. */
import type { PlainError } from "../../util/plainError.js";
import type { ServedModel } from "../schema.js";
import { withoutPaths } from "../withoutPaths.js";
import type { FromEngine, ModelFacts, ModelSpec } from "./protocol.js";

interface Served extends ServedModel {
  spec: ModelSpec;
  /** Times that the engine died while it was loading this. */
  deaths: number;
}

/** By their names. */
export type ServedModels = Map<string, Served>;

/** What the engine tells of a model. */
export type ModelMessage = Extract<FromEngine, { name: string }>;

/** A model whose loading has ended the engine so often would end it again. */
const mostDeaths = 2;

/** Adds a model that is to be loaded. @throws RangeError where the name is taken by one that has not failed */
export function addModel(models: ServedModels, spec: ModelSpec): void {
  if (models.get(spec.name)?.state === "failed") models.delete(spec.name);
  if (models.has(spec.name)) throw new RangeError(`${spec.name} is served already`);
  models.set(spec.name, newModel(spec));
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

/** What everybody may know of them. */
export function shownModels(models: ServedModels): ServedModel[] {
  return Array.from(models.values(), ({ spec: _spec, deaths: _deaths, ...model }) => model);
}

/** Those that an engine that begins has to load. */
export function specsToLoad(models: ServedModels): ModelSpec[] {
  return Array.from(models.values()).flatMap(({ spec, state }) =>
    state === "failed" ? [] : [spec],
  );
}

/** Whether the engine loads one now. */
export function isLoading(models: ServedModels): boolean {
  return Array.from(models.values()).some(isBeingLoaded);
}

/** Others wait for their turn. */
function isBeingLoaded({ state, progress }: Served): boolean {
  return state === "loading" && progress !== null;
}

/** Notes what the engine tells of a model, and logs it. One that was unloaded since is passed over. */
export function noteModel(
  models: ServedModels,
  message: ModelMessage,
  log: (line: string) => void,
): void {
  const model = models.get(message.name);
  if (!model) return;
  if (message.type === "progress") model.progress = message.progress;
  else if (message.type === "loaded") noteLoaded(model, message.facts, log);
  else noteFailed(model, message.error, log);
}

function noteLoaded(model: Served, facts: ModelFacts, log: (line: string) => void): void {
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
  for (const note of facts.notes) log(`${model.name}: ${note}`);
  const shared = facts.shares === null ? "" : `, weights shared with ${facts.shares}`;
  log(`${model.name} is ready (${facts.weights}${shared})`);
}

function noteFailed(
  model: Served,
  { message: what, why, todo }: PlainError,
  log: (line: string) => void,
): void {
  fail(model, withoutPaths(why ? `${what}: ${why}` : what));
  const lines = [what, ...(why ? [`  why: ${why}`] : []), ...(todo ? [`  to do: ${todo}`] : [])];
  log(`${model.name} cannot be served: ${lines.join("\n")}`);
}

function fail(model: Served, error: string): void {
  Object.assign(model, { state: "failed", progress: null, error });
}

/** All have to be loaded again, but those whose loading has ended the engine. @param reason why it ended */
export function noteDeath(models: ServedModels, reason: string): void {
  for (const model of models.values()) {
    if (isBeingLoaded(model) && ++model.deaths >= mostDeaths)
      fail(model, `${reason} while it was loaded`);
    else if (model.state !== "failed") Object.assign(model, { state: "loading", progress: null });
  }
}
