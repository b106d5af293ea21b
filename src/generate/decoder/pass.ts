/**
 * One pass of the model over tokens of many texts: all of them go through the products together;
 * attention takes the rows with one new token at once and longer pieces of prompts one by one.
 */
import { hiddenStates, type PreparedModel, productsOf, rotationsOf } from "../../models/index.js";
import {
  type AttentionOptions,
  cachedAttention,
  operate,
  type RotaryTable,
  type RotaryTables,
  rotationRegime,
  rowAttention,
  rowBias,
  type TokenGroup,
  tensorOf,
} from "../../nn/index.js";
import {
  bytesPerElement,
  cat,
  type DType,
  dispose,
  keep,
  type Tensor,
  tensor,
  tidy,
  upload,
} from "../../tensor/index.js";
import { TunewrightError } from "../../util/errors.js";
import { attentionRuns, type Run } from "./runs.js";
import { clearTo, columns, type HeldLayer, type RowStorage } from "./storage.js";

/** Consecutive tokens of one text. */
export interface Span {
  /** Row of the storage. */
  row: number;
  /** Position of the first token; keys and values of all before it are held. */
  start: number;
  ids: readonly number[];
  /** Tokens of the text that rotations are made for, where they depend on its length. */
  length: number;
}

/** What a call of attention costs beside its work, as bytes that could be read meanwhile. */
const CALL_BYTES = 2 ** 19;

/**
 * Computes the spans, and holds their keys and values.
 *
 * @param spans those of one token first, in order of their rows
 * @returns the hidden state of each span's last token, [spans, dim]
 */
export function runPass(
  prepared: PreparedModel,
  storage: RowStorage,
  spans: readonly Span[],
): Tensor {
  return tidy(() => {
    const ids = Int32Array.from(spans.flatMap((span) => span.ids));
    clearTo(storage, Math.max(...spans.map(({ start, ids: { length } }) => start + length)));
    const shared = new Map<string, Tensor | null>();
    const group = rowsGroup(prepared, storage, spans, shared);
    let hidden: Tensor;
    try {
      hidden = hiddenStates(prepared, upload(ids, prepared.model.device), group);
    } finally {
      dispose([...shared.values()]);
    }
    if (spans.length === ids.length) return hidden;
    let end = 0;
    const last = Int32Array.from(spans, ({ ids: { length } }) => {
      end += length;
      return end - 1;
    });
    return hidden.indexSelect(0, upload(last, prepared.model.device));
  });
}

function rowsGroup(
  prepared: PreparedModel,
  storage: RowStorage,
  spans: readonly Span[],
  shared: Map<string, Tensor | null>,
): TokenGroup {
  const singles = spans.filter(({ ids }) => ids.length === 1);
  const pieces = spans.slice(singles.length);
  const single = singles.length > 0 ? singleRows(prepared, storage, singles, shared) : null;
  return {
    ...productsOf(prepared),
    ...rotationsOf(prepared, (tables, dtype) => spanRotations(tables, dtype, spans)),
    attend(q, k, v, layer, options = {}) {
      const held = storage.layers[layer]!;
      const [output] = operate({
        inputs: [q, k, v],
        cost: "dear",
        compute() {
          const fresh: NewTokens = { q: tensorOf(q), k: tensorOf(k), v: tensorOf(v) };
          const parts = single?.(part(fresh, 0, singles.length), held, options) ?? [];
          let at = singles.length;
          for (const piece of pieces) {
            parts.push(attendPiece(part(fresh, at, piece.ids.length), held, piece, options));
            at += piece.ids.length;
          }
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

/** Queries `[n, nH, hd]`, keys `[n, nKv, hd]` and values `[n, nKv, vd]` of the tokens of a pass. */
interface NewTokens {
  q: Tensor;
  k: Tensor;
  v: Tensor;
}

function part({ q, k, v }: NewTokens, start: number, count: number): NewTokens {
  const of = (x: Tensor) => x.narrow(0, start, count);
  return { q: of(q), k: of(k), v: of(v) };
}

/** A piece of one text looks at itself and at everything before. @returns [n, nH * vd] */
function attendPiece(
  { q, k, v }: NewTokens,
  { keys, values }: HeldLayer,
  { row, start, ids }: Span,
  options: AttentionOptions,
): Tensor {
  const end = start + ids.length;
  columns(keys, row, start, ids.length).copy_(k.transpose(0, 1));
  columns(values, row, start, ids.length).copy_(v.transpose(0, 1));
  const tokensFirst = (held: Tensor) => columns(held, row, 0, end).transpose(0, 1);
  return cachedAttention(q, tokensFirst(keys), tokensFirst(values), options);
}

/**
 * Attention of rows with one new token each.
 *
 * @param shared takes what layers have in common, the caller's to dispose
 */
function singleRows(
  prepared: PreparedModel,
  storage: RowStorage,
  singles: readonly Span[],
  shared: Map<string, Tensor | null>,
) {
  const { device } = prepared.model;
  const rows = singles.map(({ row, start }) => ({ row, length: start + 1 }));
  const runsBy = new Map<number, Run[]>();
  const once = (key: string, make: () => Tensor | null) =>
    memo(shared, key, () => {
      const made = tidy(make);
      return made && keep(made);
    });

  /** Where each row's new keys go among all columns of all rows and heads. */
  const placesOf = (heads: number) =>
    once(`places ${heads}`, () => {
      const places = singles.flatMap(({ row, start }) =>
        Array.from({ length: heads }, (_, head) => (row * heads + head) * storage.width + start),
      );
      return tensor(BigInt64Array.from(places, BigInt)).to({ device });
    })!;
  const biasOf = ({ at, count, longest }: Run, options: AttentionOptions, heads: number) => {
    const { window, alibiSlopes } = options;
    return once(["bias", at, count, window, alibiSlopes, heads].join(), () => {
      const lengths = rows.slice(at, at + count).map(({ length }) => length);
      const even = lengths.every((length) => length === longest);
      if (even && !alibiSlopes && (window ?? longest) >= longest) return null;
      const last = tensor(
        Float32Array.from(lengths, (length) => length - 1),
        [count, 1, 1, 1],
      );
      return rowBias({ window, alibiSlopes }, last.to({ device }), longest, heads);
    });
  };
  return ({ q, k, v }: NewTokens, { keys, values }: HeldLayer, options: AttentionOptions) => {
    const [, heads = 0] = k.shape;
    const put = (held: Tensor, fresh: Tensor) =>
      held
        .view([-1, held.size(-1)])
        .indexCopy_(0, placesOf(heads), fresh.reshape([-1, held.size(-1)]));
    put(keys, k);
    put(values, v);
    const bytes = heads * (keys.size(-1) + values.size(-1)) * bytesPerElement[keys.dtype];
    const runs = memo(runsBy, bytes, () => attentionRuns(rows, CALL_BYTES / bytes));
    return runs.map((run) => {
      const of = (held: Tensor) =>
        held.narrow(0, rows[run.at]!.row, run.count).narrow(2, 0, run.longest);
      const bias = biasOf(run, options, heads);
      return rowAttention(q.narrow(0, run.at, run.count), of(keys), of(values), bias, options);
    });
  };
}

function memo<Key, Made>(made: Map<Key, Made>, key: Key, make: () => Made): Made {
  if (!made.has(key)) made.set(key, make());
  return made.get(key)!;
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
