/** Logits processors that look at the tokens so far, with transformers' semantics, and OpenAI's two. */

const single = Math.fround;

/**
 * Divides the logits of tokens that occurred by `penalty` where positive, multiplies them where
 * negative (Keskar et al., 2019, arXiv 1909.05858). The prompt counts.
 *
 * @param logits [vocab], changed in place
 * @param seen ids that occurred
 * @param penalty 1 changes nothing
 */
export function penaliseRepetition(
  logits: Float32Array,
  seen: Iterable<number>,
  penalty: number,
): void {
  const factor = single(penalty);
  for (const id of seen) {
    const logit = logits[id];
    if (logit === undefined) continue;
    logits[id] = logit < 0 ? logit * factor : logit / factor;
  }
}

/**
 * Bans every token that would complete an n-gram that `ids` already has.
 *
 * @param logits [vocab], set to -Infinity in place
 * @param ids prompt and answer so far
 * @param size n; 0 changes nothing
 */
export function banRepeatedNgrams(
  logits: Float32Array,
  ids: readonly number[],
  size: number,
): void {
  if (size < 1) return;
  const context = size - 1;
  const end = ids.length - context;
  for (let start = 0; start < end; start++) {
    let same = 0;
    while (same < context && ids[start + same] === ids[end + same]) same++;
    const banned = ids[start + context];
    if (same === context && banned !== undefined) logits[banned] = -Infinity;
  }
}

/**
 * Takes `presence` from the logits of tokens that the answer has, and `frequency` once more for each time
 * that it has them. The prompt does not count.
 *
 * @param logits [vocab], changed in place
 * @param counts how often the answer has each token
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function penalisePresence(
  logits: Float32Array,
  counts: ReadonlyMap<number, number>,
  presence: number,
  frequency: number,
): void {
  for (const [id, count] of counts) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit - single(count * frequency + presence);
  }
}
