/**
 * From logits to a token: the filters of transformers (temperature, top-k, top-p, min-p, applied in
 * this order) and the choice. A filtered token has the logit -Infinity.
 */
import { nextUniform, type RandomState } from "./random.js";

const single = Math.fround;

/** Divides the logits by `temperature` > 0, in place. */
export function applyTemperature(logits: Float32Array, temperature: number): void {
  if (temperature === 1) return;
  const divisor = single(temperature);
  for (let id = 0; id < logits.length; id++) logits[id] = (logits[id] as number) / divisor;
}

/** Keeps the `k` largest logits, and those equal to the smallest of them. */
export function keepTopK(logits: Float32Array, k: number): void {
  if (k < 1 || k >= logits.length) return;
  const threshold = kthLargest(logits, k);
  for (let id = 0; id < logits.length; id++) {
    if ((logits[id] as number) < threshold) logits[id] = -Infinity;
  }
}

/** The k-th largest value: the root of a heap that holds the k largest seen so far. */
function kthLargest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) {
    const value = values[i] as number;
    if (value <= (heap[0] as number)) continue;
    let hole = 0;
    for (let child = 1; child < k; child = 2 * hole + 1) {
      if (child + 1 < k && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= value) break;
      heap[hole] = heap[child] as number;
      hole = child;
    }
    heap[hole] = value;
  }
  return heap[0] as number;
}

/**
 * Nucleus sampling (Holtzman et al., 2019, arXiv 1904.09751): keeps the most probable tokens up to
 * and including the one that reaches the mass `p`. Of equally probable ones the lower id goes first.
 */
export function keepTopP(logits: Float32Array, p: number): void {
  if (p >= 1) return;
  const { ids, weights, total } = exponentials(logits);
  // Tokens below this, all together, stay under the mass 1 - p: they are filtered without a sort.
  const least = (total * (1 - p)) / logits.length;
  const candidates: number[] = [];
  for (let i = 0; i < weights.length; i++) {
    if ((weights[i] as number) >= least) candidates.push(i);
  }
  candidates.sort((a, b) => weights[b]! - weights[a]! || ids[a]! - ids[b]!);
  let mass = 0;
  let count = 0;
  while (count < candidates.length && (count === 0 || mass < p * total)) {
    mass += weights[candidates[count]!]!;
    count++;
  }
  const kept = candidates.slice(0, count).map((i): [number, number] => {
    const id = ids[i]!;
    return [id, logits[id]!];
  });
  logits.fill(-Infinity);
  for (const [id, logit] of kept) logits[id] = logit;
}

/** Keeps tokens at least `p` times as probable as the most probable one (arXiv 2407.01082). */
export function keepMinP(logits: Float32Array, p: number): void {
  if (p <= 0) return;
  const most = largest(logits);
  for (let id = 0; id < logits.length; id++) {
    if (single(Math.exp((logits[id] as number) - most)) < p) logits[id] = -Infinity;
  }
}

/** A token drawn with the probabilities of the softmax; advances `random`. */
export function drawToken(logits: Float32Array, random: RandomState): number {
  const { ids, weights, total } = exponentials(logits);
  let rest = nextUniform(random) * total;
  for (let i = 0; i < ids.length; i++) {
    rest -= weights[i] as number;
    if (rest < 0) return ids[i] as number;
  }
  return ids.at(-1) ?? argmax(logits);
}

/** The id of the largest logit, the lowest of equal ones. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if ((logits[id] as number) > (logits[best] as number)) best = id;
  }
  return best;
}

function largest(logits: Float32Array): number {
  return logits[argmax(logits)] as number;
}

/** Tokens that are not filtered, with the exponentials of their logits less the largest. */
function exponentials(logits: Float32Array): {
  ids: Int32Array;
  weights: Float64Array;
  total: number;
} {
  const most = largest(logits);
  const ids = new Int32Array(logits.length);
  const weights = new Float64Array(logits.length);
  let count = 0;
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    if (logit === -Infinity) continue;
    const weight = Math.exp(logit - most);
    ids[count] = id;
    weights[count++] = weight;
    total += weight;
  }
  return { ids: ids.subarray(0, count), weights: weights.subarray(0, count), total };
}
