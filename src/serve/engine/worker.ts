/** What the engine does: loads models, and gives each served model a step in turn while something is asked. */
import { setImmediate } from "node:timers/promises";
import {
  createDecoder,
  type Decoder,
  type DecoderLoad,
  decoderLoad,
  disposeDecoder,
  halfOfFree,
  isIdle,
  step,
} from "../../generate/index.js";
import { liveTensors, trimMemory } from "../../tensor/index.js";
import { DataError } from "../../util/errors.js";
import { plainError } from "../../util/plainError.js";
import { type Answer, beginAnswer, dropAnswer, takeEvent } from "./answers.js";
import { createTables, factsOf, type LoadedModel, load, unload } from "./models.js";
import type {
  AnswerEvent,
  AnswerRequest,
  EngineFigures,
  FromEngine,
  ModelSpec,
  ToEngine,
} from "./protocol.js";

/** Seconds of a step while answers are given: prompts are read beside them in pieces that take no longer. */
const STEP_SECONDS = 0.2;

/** A served model with the decoder that answers for it. */
interface Serving {
  loaded: LoadedModel;
  decoder: Decoder;
  /** By their numbers in the decoder. */
  answers: Map<number, Answer>;
}

export interface WorkerOptions {
  tell(message: FromEngine): void;
  /** Called within long work. */
  endIfOrphan(): void;
}

export function createWorker({ tell, endIfOrphan }: WorkerOptions) {
  const tables = createTables();
  const serving = new Map<string, Serving>();
  const answers = new Map<number, { serving: Serving; answer: Answer | null }>();
  const counts = { promptTokens: 0, generatedTokens: 0, cachedTokens: 0, steps: 0 };
  let outbox: [number, AnswerEvent][] = [];
  let loading: Promise<void> = Promise.resolve();
  let isStepping = false;

  const flush = () => {
    if (outbox.length === 0) return;
    tell({ type: "answers", events: outbox });
    outbox = [];
  };
  const emit = (id: number, event: AnswerEvent) => {
    outbox.push([id, event]);
  };
  const fail = (id: number, error: unknown) => {
    answers.delete(id);
    emit(id, { type: "error", error: plainError(error) });
  };

  const loadModel = async (spec: ModelSpec) => {
    const { name } = spec;
    tell({ type: "progress", name, progress: 0 });
    try {
      const loaded = await load(tables, spec, (progress) => {
        endIfOrphan();
        tell({ type: "progress", name, progress });
      });
      serving.set(name, { loaded, decoder: newDecoder(loaded), answers: new Map() });
      tell({ type: "loaded", name, facts: factsOf(loaded) });
    } catch (error) {
      tell({ type: "failed", name, error: plainError(error) });
    }
  };
  /** Each further model leaves room for those before it, which take theirs as they need it. */
  const newDecoder = ({ prepared }: LoadedModel) =>
    createDecoder(prepared, {
      stepSeconds: STEP_SECONDS,
      memoryBytes: halfOfFree(prepared) / (serving.size + 1),
    });
  const unloadModel = (name: string) => {
    const one = serving.get(name);
    if (!one) return;
    for (const { id } of new Set(one.answers.values())) {
      fail(id, new DataError(`${name} was unloaded`));
    }
    flush();
    serving.delete(name);
    disposeDecoder(one.decoder);
    unload(tables, one.loaded);
    trimMemory();
  };
  const begin = async (id: number, request: AnswerRequest) => {
    const one = serving.get(request.model);
    if (!one) return fail(id, new DataError(`the model ${request.model} is not loaded`));
    answers.set(id, { serving: one, answer: null });
    try {
      const answer = await beginAnswer(one.loaded, one.decoder, id, request, (event) =>
        emit(id, event),
      );
      // Who asked may have gone, or the model been unloaded, while the prompt was encoded.
      if (!answers.has(id)) return dropAnswer(one.decoder, answer);
      if (serving.get(request.model) !== one) throw new DataError(`${request.model} was unloaded`);
      answers.set(id, { serving: one, answer });
      counts.promptTokens += answer.promptTokens;
      for (const number of answer.open.keys()) one.answers.set(number, answer);
      flush();
      void stepAll();
    } catch (error) {
      fail(id, error);
    } finally {
      flush();
    }
  };
  const drop = (id: number) => {
    const found = answers.get(id);
    answers.delete(id);
    if (!found?.answer) return;
    for (const number of found.answer.open.keys()) found.serving.answers.delete(number);
    dropAnswer(found.serving.decoder, found.answer);
  };
  const stepOne = (one: Serving) => {
    counts.steps++;
    for (const event of step(one.decoder)) {
      const answer = one.answers.get(event.request);
      if (!answer) continue;
      if ("tokenId" in event) counts.generatedTokens++;
      if (takeEvent(one.decoder, answer, event)) {
        counts.cachedTokens += answer.cachedTokens;
        answers.delete(answer.id);
      }
      if (!answer.open.has(event.request)) one.answers.delete(event.request);
    }
  };
  /** A step that fails ends what its model was answering; the others go on. */
  const giveUp = (one: Serving, error: unknown) => {
    for (const { id } of new Set(one.answers.values())) fail(id, error);
    one.answers.clear();
    disposeDecoder(one.decoder);
    one.decoder = newDecoder(one.loaded);
  };
  const stepAll = async () => {
    if (isStepping) return;
    isStepping = true;
    // What has begun is told before the first step, which may read a long prompt.
    await setImmediate();
    for (;;) {
      const busy = [...serving.values()].filter(({ decoder }) => !isIdle(decoder));
      if (busy.length === 0) break;
      for (const one of busy) {
        if (serving.get(one.loaded.name) !== one) continue;
        try {
          stepOne(one);
        } catch (error) {
          giveUp(one, error);
        }
        flush();
        await setImmediate();
      }
    }
    isStepping = false;
  };
  const figures = (): EngineFigures => {
    const loads = Array.from(serving.values(), ({ decoder }) => decoderLoad(decoder));
    const count = (of: (load: DecoderLoad) => number) =>
      loads.reduce((sum, one) => sum + of(one), 0);
    return {
      ...counts,
      running: count(({ running }) => running),
      waiting: count(({ waiting }) => waiting),
      keyValueBytes: count(({ pagesInUse, pageBytes }) => pagesInUse * pageBytes),
      keyValueLimitBytes: count(({ pages, pageBytes }) => pages * pageBytes),
      residentBytes: process.memoryUsage.rss(),
      liveTensors: liveTensors(),
    };
  };

  return {
    begin: () => tell({ type: "ready" }),
    hear(message: ToEngine) {
      switch (message.type) {
        case "load":
          loading = loading.then(() => loadModel(message.spec));
          return;
        case "unload":
          loading = loading.then(() => unloadModel(message.name));
          return;
        case "answer":
          return void begin(message.id, message.request);
        case "cancel":
          return drop(message.id);
        case "ping":
          return tell({ type: "alive", figures: figures() });
      }
    },
  };
}
