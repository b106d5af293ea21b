/** Memory of micro-batches that came from another thread. */
import { garbageMeter } from "../util/collectGarbage.js";
import type { MicroBatch } from "./microBatch.js";

/** An id and a label. */
const tokenBytes = 8;

/** As many bytes of them are handed out before those that were used are freed. */
const handedOutBytes = 16 << 20;

/** Is told each micro-batch that is handed out. */
export function usedBatches(): (batch: MicroBatch) => void {
  const count = garbageMeter(handedOutBytes);
  return ({ tokens }) => count(tokens * tokenBytes);
}
