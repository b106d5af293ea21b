/** The rows that take the most memory, without encoding all of them. */
import type { ConversationSource } from "./conversationSource.js";
import { sortRows, type TrainingSequence } from "./microBatch.js";
import type { RowEncoder } from "./rowEncoder.js";

/** Rows, spread evenly, that tell how many tokens bytes may become. */
const SAMPLED = 256;

/** As many times the rows that are wanted are encoded at least. */
const MARGIN = 4;

/** Bytes of rows that are encoded beyond these, in search of rows with more tokens: about a second. */
const SEARCHED_BYTES = 8 << 20;

/** Rows by their bytes that are candidates at all. */
const CANDIDATES = 1 << 16;

/**
 * The rows with the most tokens, the longest first. Rows are encoded from those with the most bytes on,
 * until none that is left can have more tokens, by what was seen of tokens for bytes, or the search
 * takes too long.
 *
 * @param most tokens that a row can have, where there is such a limit
 * @returns up to `count` rows, each as its sequences; rows that cannot be trained on are none
 */
export async function largestRows(
  source: Pick<ConversationSource, "rows" | "rowBytes">,
  encoder: Pick<RowEncoder, "encode">,
  count: number,
  most = Number.POSITIVE_INFINITY,
): Promise<TrainingSequence[][]> {
  const encodedRows = new Set<number>();
  let longest: TrainingSequence[][] = [];
  const density = densityOf(source);
  const encode = async (chunk: readonly number[]) => {
    const fresh = chunk.filter((row) => !encodedRows.has(row));
    const encoded = fresh.length === 0 ? [] : await encoder.encode(fresh);
    for (const [i, row] of encoded.entries()) {
      const { sequences } = sortRows([row], "skip");
      encodedRows.add(fresh[i]!);
      if (sequences.length === 0) continue;
      density.add(fresh[i]!, tokensOf(sequences));
      longest.push(sequences);
    }
    longest = longest.sort((one, other) => tokensOf(other) - tokensOf(one)).slice(0, count);
  };
  for (const chunk of chunksOf(spreadRows(source.rows, SAMPLED), source)) await encode(chunk);
  let searched = 0;
  for (const chunk of chunksOf(mostBytes(source, CANDIDATES), source)) {
    await encode(chunk);
    searched += chunk.reduce((sum, row) => sum + source.rowBytes(row), 0);
    if (searched > SEARCHED_BYTES && encodedRows.size >= MARGIN * count) break;
    const least = longest[count - 1];
    if (least === undefined) continue;
    const possible = density.atMost(source.rowBytes(chunk.at(-1)!));
    if (tokensOf(least) >= Math.min(most, possible)) break;
  }
  return longest;
}

const tokensOf = (sequences: readonly TrainingSequence[]) =>
  sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);

function spreadRows(rows: number, count: number): number[] {
  const taken = Math.min(rows, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * rows) / taken));
}

/** How many tokens rows have for their bytes: a template's, and the most for each further byte. */
function densityOf({ rowBytes }: Pick<ConversationSource, "rowBytes">) {
  const seen: { bytes: number; tokens: number }[] = [];
  let fixed = Number.POSITIVE_INFINITY;
  return {
    add(row: number, tokens: number) {
      seen.push({ bytes: rowBytes(row), tokens });
      fixed = Math.min(fixed, tokens);
    },
    /** Tokens that a row of so many bytes has at the most, if the rows seen are like the others. */
    atMost(bytes: number): number {
      const perByte = seen.reduce(
        (best, one) => Math.max(best, (one.tokens - fixed) / one.bytes),
        0,
      );
      return fixed + perByte * bytes;
    },
  };
}

/** Bytes, and rows, that are encoded at once. */
const CHUNK_BYTES = 1 << 20;
const CHUNK_ROWS = 256;

function* chunksOf(rows: readonly number[], { rowBytes }: Pick<ConversationSource, "rowBytes">) {
  let chunk: number[] = [];
  let bytes = 0;
  for (const row of rows) {
    chunk.push(row);
    bytes += rowBytes(row);
    if (bytes < CHUNK_BYTES && chunk.length < CHUNK_ROWS) continue;
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
