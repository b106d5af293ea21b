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
  const buffer: Item[] = [];
  let given = 0;
  for await (const item of items) {
    if (buffer.length < size) {
      buffer.push(item);
      continue;
    }
    const place = hashKey(seed, given++) % size;
    const next = buffer[place]!;
    buffer[place] = item;
    yield next;
  }
  while (buffer.length > 0) {
    const place = hashKey(seed, given++) % buffer.length;
    const next = buffer[place]!;
    const last = buffer.pop()!;
    if (place < buffer.length) buffer[place] = last;
    yield next;
  }
}
