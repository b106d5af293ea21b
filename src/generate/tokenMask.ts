/** Which tokens an answer may go on with: what constrained decoding hands to the decoder. */

/** A bit for each token id: bit `id % 32` of word `id / 32`. Ids beyond its end are not allowed. */
export type TokenMask = Uint32Array;

/**
 * The mask that allows these ids and no others.
 *
 * @param vocabulary number of token ids
 */
export function maskOf(vocabulary: number, ids: Iterable<number>): TokenMask {
  const mask = new Uint32Array(Math.ceil(vocabulary / 32));
  for (const id of ids) allowToken(mask, id);
  return mask;
}

/** Allows one more id. */
export function allowToken(mask: TokenMask, id: number): void {
  mask[id >>> 5]! |= 1 << (id & 31);
}

/** Whether a mask allows an id. */
export function allowsToken(mask: TokenMask, id: number): boolean {
  return (((mask[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
}

/** Bans all that a mask does not allow. @param logits [vocab], set to -Infinity in place */
export function keepAllowed(logits: Float32Array, mask: TokenMask): void {
  for (let at = 0; at < logits.length; at += 32) {
    const word = mask[at >>> 5] ?? 0;
    const end = Math.min(at + 32, logits.length);
    if (word === 0) logits.fill(-Infinity, at, end);
    else for (let id = at; id < end; id++) if (!((word >>> (id - at)) & 1)) logits[id] = -Infinity;
  }
}
