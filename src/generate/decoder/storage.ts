/**
 * Keys and values of tokens, of each layer in one storage; texts have pages of it. It has its full size
 * from the first text on; of a CPU's memory only what has been written counts.
 */
import type { AttentionShape, PreparedModel } from "../../models/index.js";
import type { PagedLayer } from "../../nn/index.js";
import { bytesPerElement, dispose, empty, hold, tidy } from "../../tensor/index.js";
import { PAGE_TOKENS, type PageCopy } from "./pageTree.js";

/** By index of the layer; empty for one without attention, and before a decoder's first text. */
export type PageStorage = PagedLayer[];

/** Bytes of the keys and values of one token in all layers. */
export function bytesPerToken({ model, dtype }: PreparedModel): number {
  const numbers = attentionShapes(model).reduce(
    (sum, [, { keyHeads, headDim, valueDim = headDim }]) => sum + keyHeads * (headDim + valueDim),
    0,
  );
  return numbers * bytesPerElement[dtype];
}

function attentionShapes({ branches }: PreparedModel["model"]): [number, AttentionShape][] {
  return branches.flatMap(({ layer, attention }) => (attention ? [[layer, attention]] : []));
}

/** Room for the keys and values of so many tokens in all layers. The caller's to dispose. */
export function createStorage({ model, dtype }: PreparedModel, tokens: number): PageStorage {
  const options = { dtype, device: model.device };
  const { result } = hold(() => {
    const storage: PageStorage = [];
    for (const [layer, { keyHeads, headDim, valueDim = headDim }] of attentionShapes(model)) {
      storage[layer] = {
        keys: empty([tokens, keyHeads, headDim], options),
        values: empty([tokens, keyHeads, valueDim], options),
      };
    }
    return storage;
  });
  return result;
}

/** Copies the first tokens of a page into another. */
export function copyTokens(storage: PageStorage, { from, to, count }: PageCopy): void {
  tidy(() => {
    for (const { keys, values } of Object.values(storage)) {
      for (const stored of [keys, values]) {
        const tokens = (page: number) => stored.narrow(0, page * PAGE_TOKENS, count);
        tokens(to).copy_(tokens(from));
      }
    }
  });
}

export function disposeStorage(storage: PageStorage): void {
  dispose(Object.values(storage));
  storage.length = 0;
}
