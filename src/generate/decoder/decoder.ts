/**
 * Many answers at once. A step of the decoder is one pass of the model: it gives each text that is being
 * answered its next token, and reads on in the prompts of those that have just come. Texts join when
 * others end (continuous batching; Yu et al., 2022, Orca), and share what their prompts begin with.
 *
 * A decoder is plain data and does nothing by itself: whoever has one calls {@link step} until it is
 * idle, and lets the event loop run between steps.
 */
import { logitsOf, type PreparedModel } from "../../models/index.js";
import { deviceProperties, type Tensor, tidy, upload } from "../../tensor/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { shareOfRoom } from "../../util/memoryLimits.js";
import { checkPrompt, contextLength } from "../prompts.js";
import { seededRandom } from "../random.js";
import { checkSettings, greedySettings } from "../settings.js";
import { type Admission, admit } from "./admit.js";
import { type Choice, chooseTokens, countsTokens } from "./chooseTokens.js";
import { runPass, type Span } from "./pass.js";
import {
  type DecodedToken,
  type DecodeEvent,
  type DecodeRequest,
  mostLogprobs,
} from "./requests.js";
import { bytesPerToken, disposeStorage, emptyStorage, widthFor } from "./storage.js";
import { freeRow, mostTokens, outgrows, type Row, type Text } from "./texts.js";

export interface DecoderOptions {
  /** Most texts at once; default 16. */
  rows?: number;
  /** Most tokens of one pass, but for one of each text; default 512. Fewer make steps shorter. */
  tokensPerStep?: number;
  /** Most bytes of keys and values; default: half of what is free. */
  memoryBytes?: number;
}

export interface Decoder extends Admission {
  tokensPerStep: number;
  /** Requests so far. */
  requests: number;
  /** Tokens that went through the model so far; what texts share did so once. */
  computed: number;
}

/** A decoder of a model. Its tensors are the caller's: {@link disposeDecoder}. */
export function createDecoder(prepared: PreparedModel, options: DecoderOptions = {}): Decoder {
  return {
    prepared,
    storage: emptyStorage(),
    rows: [],
    waiting: [],
    served: new Map(),
    turns: 0,
    mostRows: options.rows ?? 16,
    memoryBytes: options.memoryBytes ?? halfOfFree(prepared),
    tokensPerStep: options.tokensPerStep ?? 512,
    requests: 0,
    computed: 0,
    steps: 0,
  };
}

/** Bytes that keys and values may take. */
export function halfOfFree({ model }: PreparedModel): number {
  const properties = deviceProperties(model.device);
  return properties ? properties.freeBytes / 2 : shareOfRoom(Number.POSITIVE_INFINITY);
}

/** Frees the decoder's tensors and forgets its requests. */
export function disposeDecoder(decoder: Decoder): void {
  disposeStorage(decoder.storage);
  decoder.rows = [];
  decoder.waiting = [];
}

/**
 * Puts a prompt behind those that wait. Greedy tokens are the same whatever is computed beside them;
 * drawn ones depend on the request's own generator alone.
 *
 * @returns the number that its events carry
 * @throws ConfigError for a setting out of its range
 * @throws DataError where the prompt cannot be answered, or would never find memory
 */
export function submit(decoder: Decoder, request: DecodeRequest): number {
  const { prepared, memoryBytes } = decoder;
  const { model } = prepared;
  const settings = { ...greedySettings, ...request.settings };
  const context = contextLength(model);
  const rows = model.embedding.tensor.size(0);
  checkSettings(settings);
  checkPrompt(request.promptIds, { rows, context });
  checkChoices(request, rows);
  const ids = Array.from(request.promptIds);
  const text: Text = {
    request: decoder.requests++,
    client: request.client ?? "",
    ids,
    seen: new Set(settings.repetitionPenalty === 1 ? [] : ids),
    answer: [],
    counts: new Map(),
    promptLength: ids.length,
    cachedTokens: 0,
    settings,
    stopIds: new Set(request.stopTokenIds),
    random: request.random ?? seededRandom(0),
    logitBias: request.logitBias?.size ? request.logitBias : undefined,
    allow: request.allow,
    logprobs: request.logprobs,
    most: Math.min(settings.maxNewTokens, context - ids.length),
  };
  const needed = widthFor(mostTokens(text)) * bytesPerToken(prepared);
  if (needed > memoryBytes) throw tooLong(text, needed, memoryBytes);
  decoder.waiting.push(text);
  return text.request;
}

/** @param rows of the embedding @throws ConfigError for a number of log probabilities or a bias that cannot be */
function checkChoices({ logprobs = 0, logitBias = new Map() }: DecodeRequest, rows: number): void {
  if (!Number.isInteger(logprobs) || logprobs < 0 || logprobs > mostLogprobs) {
    throw new ConfigError(`logprobs cannot be ${logprobs}`, {
      why: `it must be an integer from 0 to ${mostLogprobs}`,
    });
  }
  for (const [id, bias] of logitBias) {
    const isToken = Number.isInteger(id) && id >= 0 && id < rows;
    if (isToken && Number.isFinite(bias)) continue;
    throw new ConfigError(`logit_bias cannot be ${bias} for token ${id}`, {
      why: isToken ? "it must be a finite number" : `token ids go from 0 to ${rows - 1}`,
    });
  }
}

function tooLong(text: Text, needed: number, free: number): DataError {
  const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return new DataError(`no memory for a text of ${mostTokens(text)} tokens`, {
    why: `its keys and values take ${size(needed)}, and there are ${size(free)} for them`,
    todo: "ask for fewer new tokens, or shorten the prompt",
  });
}

/** How busy a decoder is. */
export interface DecoderLoad {
  /** Texts that are being answered, and that wait. */
  running: number;
  waiting: number;
  /** Tokens that those that wait may come to: prompts and longest answers. */
  waitingTokens: number;
}

export function decoderLoad({ rows, waiting }: Decoder): DecoderLoad {
  return {
    running: rows.filter(({ text }) => text !== null).length,
    waiting: waiting.length,
    waitingTokens: waiting.reduce((sum, text) => sum + mostTokens(text), 0),
  };
}

/** Forgets all keys and values that no text runs on, as after a change of weights. */
export function forget(decoder: Decoder): void {
  for (const row of decoder.rows) if (!row.text) Object.assign(row, freeRow());
}

/** Whether every request is answered. */
export function isIdle({ rows, waiting }: Decoder): boolean {
  return waiting.length === 0 && rows.every(({ text }) => text === null);
}

/** Ends a request, whether it waits or is being answered; nothing where it is over already. */
export function cancel(decoder: Decoder, request: number): void {
  decoder.waiting = decoder.waiting.filter((text) => text.request !== request);
  const row = decoder.rows.find(({ text }) => text?.request === request);
  if (row) release(row);
}

/** What a row holds stays for those that begin alike. */
function release(row: Row): void {
  row.ids = row.ids.slice(0, row.held);
  row.text = null;
}

/**
 * One pass of the model.
 *
 * @returns the tokens that it gave, at most one of each request; none where the decoder is idle, or
 *   where prompts are still being read. A request that fails has a failure instead, its last event.
 */
export function step(decoder: Decoder): DecodeEvent[] {
  decoder.steps++;
  admit(decoder);
  const { prepared, storage } = decoder;
  const planned = planPass(decoder);
  if (planned.length === 0) return [];
  const complete = planned.filter(({ row, end }) => end === row.ids.length);
  const choices = tidy(() => {
    const spans = planned.map(({ span }) => span);
    const states = runPass(prepared, storage, spans); // [spans, dim]
    if (complete.length === 0) return [];
    const wanted = complete.map((one) => planned.indexOf(one));
    const logits = logitsOf(prepared, pick(states, wanted)); // [complete, vocab]
    return chooseTokens(
      logits,
      complete.map(({ row }) => row.text!),
    );
  });
  for (const { row, end } of planned) {
    decoder.computed += end - row.held;
    row.held = end;
    row.used = decoder.steps;
  }
  return complete.map(({ row }, i) => addToken(row, choices[i]!));
}

/** Rows of a matrix by their numbers, which rise. */
function pick(matrix: Tensor, rows: readonly number[]): Tensor {
  if (rows.length === matrix.size(0)) return matrix;
  return matrix.indexSelect(0, upload(Int32Array.from(rows), matrix.device));
}

interface Planned {
  row: Row;
  span: Span;
  /** Tokens of the text that are held after the pass. */
  end: number;
}

/** Prompts are read on by at least so many tokens in each step. */
const LEAST_PIECE = 16;

/**
 * What the next pass computes: texts that lack one token first, by their rows, as passes want it. A prompt
 * is only cut where it is too long for a pass: attention of its rest to its beginning costs more.
 */
function planPass({ prepared, rows, tokensPerStep }: Decoder): Planned[] {
  const singles: Planned[] = [];
  const reading: Row[] = [];
  for (const row of rows) {
    if (!row.text) continue;
    if (outgrows(prepared, row.rotatedFor, row.ids.length)) {
      row.held = 0;
      row.rotatedFor = row.ids.length;
    }
    if (row.ids.length - row.held === 1) singles.push(planned(rows, row, 1));
    else reading.push(row);
  }
  const pieces: Planned[] = [];
  let left = Math.max(tokensPerStep - singles.length, LEAST_PIECE);
  for (const row of reading.sort((a, b) => a.text!.request - b.text!.request)) {
    const missing = row.ids.length - row.held;
    if (missing > left && pieces.length > 0) break;
    const count = Math.min(missing, left);
    pieces.push(planned(rows, row, count));
    left -= count;
  }
  return [...singles, ...pieces];
}

function planned(rows: readonly Row[], row: Row, count: number): Planned {
  const end = row.held + count;
  const span = {
    row: rows.indexOf(row),
    start: row.held,
    ids: row.ids.slice(row.held, end),
    length: Math.max(end, row.rotatedFor),
  };
  return { row, span, end };
}

/** Adds a token to the text of a row, and frees the row where it is the last. */
function addToken(row: Row, choice: Choice): DecodeEvent {
  const text = row.text!;
  const { request, cachedTokens } = text;
  if ("error" in choice) {
    release(row);
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
  if (finishReason) release(row);
  return { request, finishReason, cachedTokens, ...choice };
}
