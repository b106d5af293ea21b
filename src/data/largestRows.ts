/** The rows that take the most memory, without encoding all of them. */
import type { ConversationSource } from "./conversationSource.js";
import { sortRows, type TrainingSequence } from "./microBatch.js";
import type { RowEncoder } from "./rowEncoder.js";

/** As many times the rows that are wanted are encoded: bytes tell tokens only roughly. */
const MARGIN = 4;

/**
 * The rows with the most tokens, the longest first, among those with the most bytes.
 *
 * @returns up to `count` rows, each as its sequences; rows that cannot be trained on are none
 */
export async function largestRows(
  source: Pick<ConversationSource, "rows" | "rowBytes">,
  encoder: Pick<RowEncoder, "encode">,
  count: number,
): Promise<TrainingSequence[][]> {
  const rows: TrainingSequence[][] = [];
  for (const chunk of chunksOf(mostBytes(source, count * MARGIN), source)) {
    for (const row of await encoder.encode(chunk)) rows.push(sortRows([row], "skip").sequences);
  }
  const tokensOf = (sequences: readonly TrainingSequence[]) =>
    sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  return rows
    .filter((sequences) => sequences.length > 0)
    .sort((one, other) => tokensOf(other) - tokensOf(one))
    .slice(0, count);
}

/** Bytes of rows that are read at once. */
const CHUNK_BYTES = 8 << 20;

function* chunksOf(rows: readonly number[], { rowBytes }: Pick<ConversationSource, "rowBytes">) {
  let chunk: number[] = [];
  let bytes = 0;
  for (const row of rows) {
    chunk.push(row);
    bytes += rowBytes(row);
    if (bytes < CHUNK_BYTES) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}

/** Numbers of the rows with the most bytes. */
function mostBytes(
  { rows, rowBytes }: Pick<ConversationSource, "rows" | "rowBytes">,
  count: number,
) {
  let largest: { row: number; bytes: number }[] = [];
  let least = -1;
  const cut = () => {
    largest.sort((one, other) => other.bytes - one.bytes || one.row - other.row);
    largest = largest.slice(0, count);
    if (largest.length === count) least = largest.at(-1)!.bytes;
  };
  for (let row = 0; row < rows; row++) {
    const bytes = rowBytes(row);
    if (bytes <= least) continue;
    largest.push({ row, bytes });
    if (largest.length >= 2 * count) cut();
  }
  cut();
  return largest.map(({ row }) => row);
}
