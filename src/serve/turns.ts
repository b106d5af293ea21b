/** Long work on the thread that answers requests, with pauses in which it does. */
import { setImmediate as pause } from "node:timers/promises";

/** Milliseconds of work after which others have their turn. */
const turn = 15;

/** Takes all items, stopping now and then for whatever else waits. */
export async function takingTurns<Item>(
  items: Iterable<Item>,
  take: (item: Item) => void,
): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    take(item);
    if (performance.now() - began < turn) continue;
    await pause();
    began = performance.now();
  }
}
