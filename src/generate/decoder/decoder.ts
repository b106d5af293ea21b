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
import { DataError } from "../../util/errors.js";
import { shareOfRoom } from "../../util/memoryLimits.js";
import {
  checkPrompt,
  contextLength,
  type FinishReason,
  type GeneratedToken,
} from "../generateTokens.js";
import { outgrows } from "../keyValueCache.js";
import { type RandomState, seededRandom } from "../random.js";
import { checkSettings, type GenerationSettings, greedySettings } from "../settings.js";
import { type Admission, admit } from "./admit.js";
import { chooseTokens } from "./chooseTokens.js";
import { runPass, type Span } from "./pass.js";
import { bytesPerToken, disposeStorage, emptyStorage, widthFor } from "./storage.js";
import { mostTokens, type Row, type Text } from "./texts.js";

/** One prompt to be answered. */
export interface DecodeRequest {
  /** [n], n >= 1 */
  promptIds: Int32Array;
  /** What is left out is greedy's. `stop` texts are not looked at: who reads the text calls {@link cancel}. */
  settings?: Partial<GenerationSettings>;
  /** Ids that end the answer; they are given out too. */
  stopTokenIds?: Iterable<number>;
  /** Where draws come from; advanced by each. Default: seed 0. */
  random?: RandomState;
}

/** The next token of a request's answer. */
export interface DecodedToken extends GeneratedToken {
  request: number;
}

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
 * Puts a prompt behind those that wait. Greedy tokens are those of `generateTokens`, whatever else is
 * computed meanwhile; drawn ones depend on the request's own generator alone.
 *
 * @returns the number that its tokens carry
 * @throws ConfigError for a setting out of its range
 * @throws DataError where the prompt cannot be answered, or would never find memory
 */
export function submit(decoder: Decoder, request: DecodeRequest): number {
  const { prepared, memoryBytes } = decoder;
  const { model } = prepared;
  const settings = { ...greedySettings, ...request.settings };
  const context = contextLength(model);
  checkSettings(settings);
  checkPrompt(request.promptIds, { rows: model.embedding.tensor.size(0), context });
  const ids = Array.from(request.promptIds);
  const text: Text = {
    request: decoder.requests++,
    ids,
    seen: new Set(settings.repetitionPenalty === 1 ? [] : ids),
    promptLength: ids.length,
    settings,
    stopIds: new Set(request.stopTokenIds),
    random: request.random ?? seededRandom(0),
    most: Math.min(settings.maxNewTokens, context - ids.length),
  };
  const needed = widthFor(mostTokens(text)) * bytesPerToken(prepared);
  if (needed > memoryBytes) throw tooLong(text, needed, memoryBytes);
  decoder.waiting.push(text);
  return text.request;
}

function tooLong(text: Text, needed: number, free: number): DataError {
  const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return new DataError(`no memory for a text of ${mostTokens(text)} tokens`, {
    why: `its keys and values take ${size(needed)}, and there are ${size(free)} for them`,
    todo: "ask for fewer new tokens, or shorten the prompt",
  });
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
 *   where prompts are still being read
 * @throws TunewrightError where the model's output is not a number
 */
export function step(decoder: Decoder): DecodedToken[] {
  decoder.steps++;
  admit(decoder);
  const { prepared, storage } = decoder;
  const planned = planPass(decoder);
  if (planned.length === 0) return [];
  const complete = planned.filter(({ row, end }) => end === row.ids.length);
  const tokenIds = tidy(() => {
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
  return complete.map(({ row }, i) => addToken(row, tokenIds[i]!));
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
    if (outgrows(prepared, row, row.ids.length)) {
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
function addToken(row: Row, tokenId: number): DecodedToken {
  const text = row.text!;
  text.ids.push(tokenId);
  text.seen.add(tokenId);
  let finishReason: FinishReason | null = null;
  if (text.stopIds.has(tokenId)) finishReason = "stop";
  else if (text.ids.length - text.promptLength >= text.most) finishReason = "length";
  if (finishReason) release(row);
  return { request: text.request, tokenId, finishReason };
}
