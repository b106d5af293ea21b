/**
 * One pass of the model over tokens of many texts: all of them go through the products together;
 * attention takes the texts with one new token at once and longer pieces of prompts one by one.
 */
import { hiddenStates, type PreparedModel, productsOf, rotationsOf } from "../../models/index.js";
import {
  type AttentionOptions,
  cachedAttention,
  operate,
  type PagedLayer,
  type PageTable,
  pagedAttention,
  pageTable,
  type RotaryTable,
  type RotaryTables,
  rotationRegime,
  slotOf,
  type TokenGroup,
  tensorOf,
} from "../../nn/index.js";
import {
  cat,
  type Device,
  type DType,
  type Tensor,
  tensor,
  tidy,
  upload,
} from "../../tensor/index.js";
import { TunewrightError } from "../../util/errors.js";
import { runningSum } from "../../util/runningSum.js";
import { PAGE_TOKENS } from "./pageTree.js";
import type { Span } from "./plan.js";
import type { PageStorage } from "./storage.js";

/**
 * Computes the spans, and holds their keys and values.
 *
 * @param spans those of one token first
 * @returns the hidden state of each span's last token, [spans, dim]
 */
export function runPass(
  prepared: PreparedModel,
  storage: PageStorage,
  spans: readonly Span[],
): Tensor {
  const { device } = prepared.model;
  return tidy(() => {
    const ids = Int32Array.from(spans.flatMap((span) => span.ids));
    const group = spanGroup(prepared, storage, spans);
    return hiddenStates(prepared, upload(ids, device), group, lastTokens(spans, device));
  });
}

/** Places of the spans' last tokens among all; nothing where there are no others. */
function lastTokens(spans: readonly Span[], device: Device): Tensor | undefined {
  if (spans.every(({ ids }) => ids.length === 1)) return undefined;
  const ends = runningSum(spans.map(({ ids }) => ids.length)).slice(1);
  return upload(
    Int32Array.from(ends, (end) => end - 1),
    device,
  );
}

function spanGroup(
  prepared: PreparedModel,
  storage: PageStorage,
  spans: readonly Span[],
): TokenGroup {
  const { device } = prepared.model;
  const singles = spans.filter(({ ids }) => ids.length === 1);
  const count = singles.length;
  const table = count > 0 ? tableOf(singles, device) : null;
  const pieces = piecesOf(spans.slice(count), device);
  return {
    ...productsOf(prepared),
    ...rotationsOf(prepared, (tables, dtype) => spanRotations(tables, dtype, spans)),
    attend(q, k, v, layer, options = {}) {
      const held = storage[layer]!;
      const [output] = operate({
        inputs: [q, k, v],
        cost: "dear",
        compute() {
          const fresh: NewTokens = { q: tensorOf(q), k: tensorOf(k), v: tensorOf(v) };
          const own = part(fresh, 0, count);
          const parts = table ? [pagedAttention(own.q, own.k, own.v, held, table, options)] : [];
          if (pieces)
            parts.push(...attendPieces(part(fresh, count, pieces.count), held, pieces, options));
          return [parts.length === 1 ? parts[0]! : cat(parts)];
        },
        backward() {
          throw new TunewrightError("attention to held keys has no gradient");
        },
      });
      return output!;
    },
  };
}

function tableOf(singles: readonly Span[], device: Device): PageTable {
  const texts = singles.map(({ pages, start }) => ({ pages, length: start + 1 }));
  return pageTable(texts, PAGE_TOKENS, device);
}

/** Queries `[n, nH, hd]`, keys `[n, nKv, hd]` and values `[n, nKv, vd]` of the tokens of a pass. */
interface NewTokens {
  q: Tensor;
  k: Tensor;
  v: Tensor;
}

function part({ q, k, v }: NewTokens, start: number, count: number): NewTokens {
  const of = (x: Tensor) => (count === x.size(0) ? x : x.narrow(0, start, count));
  return { q: of(q), k: of(k), v: of(v) };
}

/** Pieces of prompts, which are of two tokens or more. */
interface Pieces {
  /** Tokens in all. */
  count: number;
  /** [count] int64, where they go. */
  fresh: Tensor;
  /** Of each piece. */
  spans: { start: number; length: number; seen: Tensor | null }[];
}

function piecesOf(spans: readonly Span[], device: Device): Pieces | null {
  if (spans.length === 0) return null;
  const slots = (span: Span, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => slotOf(span, from + i, PAGE_TOKENS));
  const fresh = spans.flatMap((span) => slots(span, span.start, span.start + span.ids.length));
  return {
    count: fresh.length,
    fresh: tensor(BigInt64Array.from(fresh, BigInt)).to({ device }),
    spans: spans.map((span) => {
      const { start, ids } = span;
      const end = start + ids.length;
      // Beginnings need nothing but themselves.
      const seen = start === 0 ? null : upload(Int32Array.from(slots(span, 0, end)), device);
      return { start, length: ids.length, seen };
    }),
  };
}

/** Each piece looks at itself and at everything before. @returns [n, nH * vd] of each */
function attendPieces(
  { q, k, v }: NewTokens,
  { keys, values }: PagedLayer,
  { fresh, spans }: Pieces,
  options: AttentionOptions,
): Tensor[] {
  keys.indexCopy_(0, fresh, k);
  values.indexCopy_(0, fresh, v);
  let at = 0;
  return spans.map(({ start, length, seen }) => {
    const own = (x: Tensor) => x.narrow(0, at, length);
    const queries = own(q);
    const [ownKeys, ownValues] = [own(k), own(v)];
    at += length;
    if (!seen) return cachedAttention(queries, ownKeys, ownValues, options);
    // What is behind the window of all queries is not copied.
    const first = Math.max(0, start + 1 - (options.window ?? Number.POSITIVE_INFINITY));
    const places = seen.narrow(0, first, start + length - first);
    return tidy(() =>
      cachedAttention(queries, keys.indexSelect(0, places), values.indexSelect(0, places), options),
    );
  });
}

/** Rotations of the tokens of spans: of one table where all share it. */
function spanRotations(tables: RotaryTables, dtype: DType, spans: readonly Span[]): RotaryTable {
  const regimes = new Set(spans.map(({ length }) => rotationRegime(tables.parameters, length)));
  if (regimes.size === 1) {
    const { cos, sin } = tables.upTo(Math.max(...spans.map(({ length }) => length)), dtype);
    const positions = Int32Array.from(
      spans.flatMap(({ start, ids }) => ids.map((_, i) => start + i)),
    );
    const places = upload(positions, cos.device);
    return { cos: cos.indexSelect(0, places), sin: sin.indexSelect(0, places) };
  }
  const parts = spans.map(({ start, ids, length }) => {
    const { cos, sin } = tables.upTo(length, dtype);
    return { cos: cos.narrow(0, start, ids.length), sin: sin.narrow(0, start, ids.length) };
  });
  return { cos: cat(parts.map(({ cos }) => cos)), sin: cat(parts.map(({ sin }) => sin)) };
}
