/** Shuffling of what comes one after another, with bounded memory. */
import { hashKey } from "../../util/hash.js";

/**
 * Holds up to `size` items; each further one takes the place of one that is given out. Which one
 * that is depends on the seed and on how many were given out before. An item can come any number of
 * places later than it came in, but no more than `size` earlier.
 */
export async function* shuffleBuffer<Item>(
  items: AsyncIterable<Item>,
  size: number,
  seed: number,
): AsyncGenerator<Item> {
  const held: Item[] = [];
  let given = 0;
  for await (const item of items) {
    if (held.length < size) {
      held.push(item);
      continue;
    }
    const place = hashKey(seed, given++) % size;
    const next = held[place]!;
    held[place] = item;
    yield next;
  }
  while (held.length > 0) {
    const place = hashKey(seed, given++) % held.length;
    const next = held[place]!;
    const last = held.pop()!;
    if (place < held.length) held[place] = last;
    yield next;
  }
}
