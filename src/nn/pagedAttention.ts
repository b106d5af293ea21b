/**
 * Attention of many texts that each have one new token, whose keys and values lie in pages: blocks of a
 * fixed number of tokens, anywhere in one storage (Kwon et al., 2023, arXiv 2309.06180).
 *
 * Shapes: b texts, nH query heads, nKv key heads, hd and vd sizes of heads.
 */
import {
  pagedAttention as callPagedAttention,
  type Device,
  type Tensor,
  tensor,
  tidy,
  upload,
} from "../tensor/index.js";
import type { AttentionOptions } from "./attention.js";
import { rowBias } from "./attentionBias.js";
import { rowAttention } from "./rowAttention.js";

/** Keys [slots, nKv, hd] and values [slots, nKv, vd] of one layer; a page is a run of slots. */
export interface PagedLayer {
  keys: Tensor;
  values: Tensor;
}

/** The pages of a text, in its order, and its tokens so far, the new one included. */
export interface PagedText {
  pages: readonly number[];
  length: number;
}

/** Where the tokens of texts are, on the device. */
export interface PageTable {
  pageSize: number;
  /** [b, most] int32; what lies behind a text's own pages is not read. */
  pages: Tensor;
  /** [b] int32 */
  lengths: Tensor;
  /** The same for devices without a kernel for pages: null on a CPU. */
  slots: SlotTable | null;
}

/** Columns of one width, of which those behind a text's own tokens are masked. */
interface SlotTable {
  /** [b * longest] int32, slots of all tokens of the texts */
  seen: Tensor;
  /** [b] int64, where the new tokens go */
  fresh: Tensor;
  /** [b, 1, 1, 1] float32, the column of each new token */
  last: Tensor;
  longest: number;
}

/** The table of texts for all layers of a pass. Call within `tidy`. */
export function pageTable(
  texts: readonly PagedText[],
  pageSize: number,
  device: Device,
): PageTable {
  const most = Math.max(...texts.map(({ length }) => Math.ceil(length / pageSize)));
  const pages = new Int32Array(texts.length * most);
  texts.forEach((text, row) => {
    pages.set(text.pages.slice(0, most), row * most);
  });
  return {
    pageSize,
    pages: upload(pages, device).view([texts.length, most]),
    lengths: upload(
      Int32Array.from(texts, ({ length }) => length),
      device,
    ),
    slots: device === "cpu" ? null : slotTable(texts, pageSize, device),
  };
}

/** Slot of a text's token. */
export function slotOf(
  { pages }: Pick<PagedText, "pages">,
  token: number,
  pageSize: number,
): number {
  return pages[Math.floor(token / pageSize)]! * pageSize + (token % pageSize);
}

export function slotTable(
  texts: readonly PagedText[],
  pageSize: number,
  device: Device,
): SlotTable {
  const longest = Math.max(...texts.map(({ length }) => length));
  const seen = texts.flatMap((text) =>
    Array.from({ length: longest }, (_, i) => slotOf(text, Math.min(i, text.length - 1), pageSize)),
  );
  const fresh = texts.map((text) => BigInt(slotOf(text, text.length - 1, pageSize)));
  const lasts = Float32Array.from(texts, ({ length }) => length - 1);
  return {
    seen: upload(Int32Array.from(seen), device),
    fresh: tensor(BigInt64Array.from(fresh)).to({ device }),
    last: tensor(lasts, [texts.length, 1, 1, 1]).to({ device }),
    longest,
  };
}

/**
 * Stores the keys and values of the new tokens, and gives their attention to all tokens of their texts.
 * On a CPU it is one call of a kernel of our own, in which no text depends on the others.
 *
 * @param q [b, nH, hd] the newest token of each text
 * @param k [b, nKv, hd]
 * @param v [b, nKv, vd]
 * @param held changed in place
 * @returns [b, nH * vd]
 */
export function pagedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  held: PagedLayer,
  { pages, lengths, pageSize, slots }: PageTable,
  options: AttentionOptions = {},
): Tensor {
  if (slots) return gatheredAttention(q, k, v, held, slots, options);
  return callPagedAttention(q, k, v, held.keys, held.values, pages, lengths, pageSize, options);
}

/** {@link pagedAttention} with everyday operators: pages are copied side by side first. */
export function gatheredAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { keys, values }: PagedLayer,
  { seen, fresh, last, longest }: SlotTable,
  options: AttentionOptions,
): Tensor {
  keys.indexCopy_(0, fresh, k);
  values.indexCopy_(0, fresh, v);
  return tidy(() => {
    const count = q.size(0);
    const rows = (stored: Tensor) => {
      const [, heads = 0, size = 0] = stored.shape;
      const copied = stored.indexSelect(0, seen).view([count, longest, heads, size]);
      return copied.transpose(1, 2).contiguous(); // [b, nKv, longest, size]
    };
    const bias = rowBias(options, last, longest, keys.size(1));
    return rowAttention(q, rows(keys), rows(values), bias, options);
  });
}
