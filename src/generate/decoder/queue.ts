/** Whose turn it is: clients share a decoder fairly, however many requests each of them has. */
import type { Text } from "./texts.js";

/** When clients were last served, by a count that rises; nothing of those that have not been. */
export type Served = Map<string, number>;

/**
 * Texts that wait, as they are due: first those of the client with the fewest that are running, of such
 * clients the one that was served longest ago, and each client's in the order in which they came.
 *
 * @param waiting in the order in which they came
 * @param running how many texts of each client are running; counts may rise between two results
 */
export function* inTurn(
  waiting: readonly Text[],
  running: ReadonlyMap<string, number>,
  served: Readonly<Served>,
): Generator<Text, void, void> {
  const queues = new Map<string, Text[]>();
  for (const text of waiting) {
    const queue = queues.get(text.client);
    if (queue) queue.push(text);
    else queues.set(text.client, [text]);
  }
  const taken = new Map<string, number>();
  const rank = (client: string): [number, number] => [
    running.get(client) ?? 0,
    served.get(client) ?? -1,
  ];
  while (queues.size > 0) {
    let next = "";
    let least: [number, number] | null = null;
    for (const client of queues.keys()) {
      const [count, last] = rank(client);
      if (least && (count > least[0] || (count === least[0] && last >= least[1]))) continue;
      least = [count, last];
      next = client;
    }
    const queue = queues.get(next)!;
    const at = taken.get(next) ?? 0;
    taken.set(next, at + 1);
    if (at + 1 === queue.length) queues.delete(next);
    yield queue[at]!;
  }
}

/** How many of the texts each client has. */
export function countByClient(texts: readonly Text[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { client } of texts) counts.set(client, (counts.get(client) ?? 0) + 1);
  return counts;
}
