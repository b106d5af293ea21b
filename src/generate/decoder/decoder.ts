/**
 * Many answers at once. A step of the decoder is one pass of the model: it gives each text that is being
 * answered its next token, and reads on in the prompts of those that have just come. Texts join when
 * others end (continuous batching; Yu et al., 2022, Orca), and run on the same pages of keys and values
 * where they begin alike (Kwon et al., 2023, vLLM).
 *
 * A decoder is plain data and does nothing by itself: whoever has one calls {@link step} until it is
 * idle, and lets the event loop run between steps.
 */
import { logitsOf, type PreparedModel } from "../../models/index.js";
import { deviceProperties, type Tensor, tidy, upload } from "../../tensor/index.js";
import { shareOfRoom } from "../../util/memoryLimits.js";
import { contextLength } from "../prompts.js";
import { type Admission, admit, coverAll, release, suspendOutgrown } from "./admit.js";
import { type Choice, chooseTokens, countsTokens } from "./chooseTokens.js";
import { availablePages, createTree, forgetPages, markHeld, PAGE_TOKENS } from "./pageTree.js";
import { runPass } from "./pass.js";
import { learnPace, type Pace, type Planned, planPass, tokensFor } from "./plan.js";
import type { DecodedToken, DecodeEvent } from "./requests.js";
import { bytesPerToken, disposeStorage } from "./storage.js";
import { mostTokens, type RunningText } from "./texts.js";

export interface DecoderOptions {
  /** Most texts at once; default 16. */
  rows?: number;
  /** Most tokens of one pass, but for one of each text; default 512. Fewer make steps shorter. */
  tokensPerStep?: number;
  /**
   * Seconds that a step should take while answers are given: prompts are read in pieces of as many tokens
   * as fit into what is measured, which makes roundings depend on the time. Default: whatever it takes.
   */
  stepSeconds?: number;
  /** Most bytes of keys and values; default: half of what is free. */
  memoryBytes?: number;
}

export interface Decoder extends Admission {
  tokensPerStep: number;
  stepSeconds: number;
  pace: Pace;
  /** Requests so far. */
  requests: number;
  /** Tokens that went through the model so far; what texts share did so once. */
  computed: number;
}

/** A decoder of a model. Its tensors are the caller's: {@link disposeDecoder}. */
export function createDecoder(prepared: PreparedModel, options: DecoderOptions = {}): Decoder {
  const mostRows = options.rows ?? 16;
  return {
    prepared,
    storage: [],
    tree: createTree(pagesFor(prepared, mostRows, options.memoryBytes ?? halfOfFree(prepared))),
    running: [],
    waiting: [],
    served: new Map(),
    turns: 0,
    mostRows,
    tokensPerStep: options.tokensPerStep ?? 512,
    stepSeconds: options.stepSeconds ?? Number.POSITIVE_INFINITY,
    pace: { passSeconds: 0, tokenSeconds: 0 },
    requests: 0,
    computed: 0,
    steps: 0,
  };
}

/** As many pages as memory allows, but no more than texts of all positions take, with one to copy to. */
function pagesFor(prepared: PreparedModel, rows: number, memoryBytes: number): number {
  const most = rows * (Math.ceil(contextLength(prepared.model) / PAGE_TOKENS) + 1);
  const fitting = Math.floor(memoryBytes / (PAGE_TOKENS * bytesPerToken(prepared)));
  return Math.max(0, Math.min(most, fitting));
}

/** Bytes that keys and values may take. */
export function halfOfFree({ model }: PreparedModel): number {
  const properties = deviceProperties(model.device);
  return properties ? properties.freeBytes / 2 : shareOfRoom(Number.POSITIVE_INFINITY);
}

/** Frees the decoder's tensors and forgets its requests. */
export function disposeDecoder(decoder: Decoder): void {
  disposeStorage(decoder.storage);
  decoder.tree = createTree(decoder.tree.count);
  decoder.running = [];
  decoder.waiting = [];
}

/** How busy a decoder is. */
export interface DecoderLoad {
  /** Texts that are being answered, and that wait. */
  running: number;
  waiting: number;
  /** Tokens that those that wait may come to: prompts and longest answers. */
  waitingTokens: number;
  /** Pages of keys and values: in all, those that texts run on, and those that are kept for later ones. */
  pages: number;
  pagesInUse: number;
  pagesKept: number;
  pageBytes: number;
}

export function decoderLoad({ prepared, running, waiting, tree }: Decoder): DecoderLoad {
  return {
    running: running.length,
    waiting: waiting.length,
    waitingTokens: waiting.reduce((sum, text) => sum + mostTokens(text), 0),
    pages: tree.count,
    pagesInUse: tree.count - availablePages(tree),
    pagesKept: tree.idle,
    pageBytes: PAGE_TOKENS * bytesPerToken(prepared),
  };
}

/** Forgets all keys and values, as after a change of weights. */
export function forget({ tree, running }: Decoder): void {
  forgetPages(
    tree,
    running.map(({ pages }) => pages),
  );
}

/** Whether every request is answered. */
export function isIdle({ running, waiting }: Decoder): boolean {
  return waiting.length === 0 && running.length === 0;
}

/** Ends a request, whether it waits or is being answered; nothing where it is over already. */
export function cancel(decoder: Decoder, request: number): void {
  decoder.waiting = decoder.waiting.filter((text) => text.request !== request);
  const one = decoder.running.find(({ text }) => text.request === request);
  if (one) release(decoder, one);
}

/**
 * One pass of the model.
 *
 * @returns the tokens that it gave, at most one of each request; none where the decoder is idle, or
 *   where prompts are still being read. A request that fails has a failure instead, its last event.
 */
export function step(decoder: Decoder): DecodeEvent[] {
  decoder.steps++;
  suspendOutgrown(decoder);
  admit(decoder);
  coverAll(decoder);
  const { running, tokensPerStep, stepSeconds, pace } = decoder;
  const planned = planPass(running, tokensFor(stepSeconds, running, pace, tokensPerStep));
  if (planned.length === 0) return [];
  const start = performance.now();
  const complete = planned.filter(({ one, end }) => end === one.text.ids.length);
  const choices = compute(decoder, planned, complete);
  learnPace(pace, planned, (performance.now() - start) / 1000);
  for (const { one, end } of planned) {
    decoder.computed += end - one.held;
    markHeld(one.pages, one.held, end);
    one.held = end;
  }
  return complete.map(({ one }, i) => addToken(decoder, one, choices[i]!));
}

/** Runs the pass. @returns the next tokens of the texts that are complete with it */
function compute(
  { prepared, storage }: Decoder,
  planned: readonly Planned[],
  complete: readonly Planned[],
): Choice[] {
  return tidy(() => {
    const spans = planned.map(({ span }) => span);
    const states = runPass(prepared, storage, spans); // [spans, dim]
    if (complete.length === 0) return [];
    const wanted = complete.map((one) => planned.indexOf(one));
    const logits = logitsOf(prepared, pick(states, wanted)); // [complete, vocab]
    return chooseTokens(
      logits,
      complete.map(({ one }) => one.text),
    );
  });
}

/** Rows of a matrix by their numbers, which rise. */
function pick(matrix: Tensor, rows: readonly number[]): Tensor {
  if (rows.length === matrix.size(0)) return matrix;
  return matrix.indexSelect(0, upload(Int32Array.from(rows), matrix.device));
}

/** Adds a token to a text, and takes the text off its pages where it is the last. */
function addToken(decoder: Decoder, one: RunningText, choice: Choice): DecodeEvent {
  const { text } = one;
  const { request, cachedTokens } = text;
  if ("error" in choice) {
    release(decoder, one);
    return { request, error: choice.error };
  }
  const { tokenId } = choice;
  text.ids.push(tokenId);
  text.answer.push(tokenId);
  if (text.settings.repetitionPenalty !== 1) text.seen.add(tokenId);
  if (countsTokens(text.settings)) text.counts.set(tokenId, (text.counts.get(tokenId) ?? 0) + 1);
  let finishReason: DecodedToken["finishReason"] = null;
  if (text.stopIds.has(tokenId)) finishReason = "stop";
  else if (text.answer.length >= text.most) finishReason = "length";
  if (finishReason) release(decoder, one);
  return { request, finishReason, cachedTokens, ...choice };
}
