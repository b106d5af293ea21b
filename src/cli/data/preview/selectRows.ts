/** Selects the rows to show: by number, at random, or by search. */
import {
  type ConversationSource,
  type EncodeRowsOptions,
  encodeRows,
  permutation,
  type RowResult,
} from "../../../data/index.js";
import type { Message } from "../../../text/index.js";
import { ConfigError, DataError } from "../../../util/errors.js";
import { oneOf } from "../options.js";
import type { PreviewFlags } from "./flags.js";

export interface SelectedRows {
  results: RowResult[];
  /** Rows that were read until enough were found. */
  looked: number;
  /** Rows that could not be searched because they cannot be trained on. */
  refused: number;
}

const rowsAtOnce = 64;

/**
 * @param onRows told the number of rows read so far
 * @throws ConfigError for rows that do not exist
 */
export async function selectRows(
  source: ConversationSource,
  flags: PreviewFlags,
  options: EncodeRowsOptions,
  onRows: (rows: number) => void,
): Promise<SelectedRows> {
  const filter = rowFilter(flags);
  const { order, limit } = rowOrder(source, flags);
  const found: { row: number; result: RowResult }[] = [];
  let looked = 0;
  let refused = 0;
  for (let pending = take(order, rowsAtOnce); pending.length > 0; ) {
    const rows = filter.text ? await textMatches(source, pending, filter.text) : pending;
    const results = await encodeRows(source, rows, options);
    for (const [index, result] of results.entries()) {
      if (found.length === limit) break;
      if (!result.ok && filter.any) refused++;
      else if (!result.ok || filter.tokens(result)) found.push({ row: rows[index]!, result });
    }
    looked += pending.length;
    onRows(looked);
    if (found.length >= limit) break;
    pending = take(order, rowsAtOnce);
  }
  found.sort((a, b) => a.row - b.row);
  return { results: found.map(({ result }) => result), looked, refused };
}

function take(order: Iterator<number>, count: number): number[] {
  const rows: number[] = [];
  while (rows.length < count) {
    const next = order.next();
    if (next.done) break;
    rows.push(next.value);
  }
  return rows;
}

/** The order in which rows are read, and the maximum number to show. */
function rowOrder(
  source: ConversationSource,
  flags: PreviewFlags,
): { order: Iterator<number>; limit: number } {
  const { row: places, rows, sample, seed = 42, limit } = flags;
  const ways = [places && "--row", rows && "--rows", sample && "--sample"].filter(Boolean);
  if (ways.length > 1) {
    throw new ConfigError(`${ways.join(" and ")} are both given`, { todo: "keep one of them" });
  }
  if (places) {
    const named = places.map((place) => rowAt(source, place));
    return { order: named.values(), limit: limit ?? named.length };
  }
  if (rows) {
    if (rows.from > source.rows) {
      throw new ConfigError(`--rows ${rows.from}: there are only ${source.rows} rows`, {
        todo: `give a number from 1 to ${source.rows}`,
      });
    }
    const to = Math.min(rows.to, source.rows);
    const count = to - rows.from + 1;
    return { order: numbers(count, (index) => rows.from - 1 + index), limit: limit ?? count };
  }
  if (sample !== undefined) {
    return { order: numbers(source.rows, permutation(seed, 0, source.rows)), limit: sample };
  }
  return { order: numbers(source.rows, (index) => index), limit: limit ?? 10 };
}

function* numbers(count: number, rowAt: (index: number) => number): Generator<number> {
  for (let index = 0; index < count; index++) yield rowAt(index);
}

/** The row that starts on a line. A file may be given by the end of its path. */
function rowAt(source: ConversationSource, place: string): number {
  const match = /^(?:(.*):)?(\d+)$/s.exec(place);
  const name = match?.[1];
  const line = Number(match?.[2]);
  let first = 0;
  for (const { file, rows } of source.files) {
    const named = name === undefined || file === name || file.endsWith(`/${name}`);
    let low = first;
    let high = first + rows;
    while (match && named && low < high) {
      const middle = (low + high) >> 1;
      if (source.place(middle).line < line) low = middle + 1;
      else high = middle;
    }
    if (low < first + rows && match && named && source.place(low).line === line) return low;
    first += rows;
  }
  throw new ConfigError(`--row ${place}: no row starts there`, {
    why: match
      ? "none of the given files has a row that starts on this line"
      : "it does not have the form FILE:LINE",
    todo: "give one of the files, and the line on which the row starts",
  });
}

interface RowFilter {
  any: boolean;
  text: ((messages: readonly Message[]) => boolean) | undefined;
  tokens(result: Extract<RowResult, { ok: true }>): boolean;
}

function rowFilter(flags: PreviewFlags): RowFilter {
  const role = oneOf(flags.role, "--role", ["system", "user", "assistant", "tool"]);
  const { minTokens = 0, maxTokens = Number.POSITIVE_INFINITY, onlyTruncated } = flags;
  if (onlyTruncated && flags.maxSeqLength === undefined) {
    throw new ConfigError("--only-truncated requires --max-seq-length", {
      why: "nothing is truncated without it",
      todo: "give the max_seq_length of the run",
    });
  }
  const wanted = flags.grep?.toLowerCase();
  const text = (messages: readonly Message[]) =>
    messages.some(
      (message) =>
        (role === undefined || message.role === role) &&
        (wanted === undefined || message.content.toLowerCase().includes(wanted)),
    );
  const byText = wanted !== undefined || role !== undefined;
  const byTokens = minTokens > 0 || maxTokens !== Number.POSITIVE_INFINITY || onlyTruncated;
  return {
    any: byText || byTokens === true,
    text: byText ? text : undefined,
    tokens({ encoded }) {
      const tokens = Math.max(0, ...encoded.map(({ fullLength }) => fullLength));
      if (tokens < minTokens || tokens > maxTokens) return false;
      return !onlyTruncated || encoded.some(({ truncated }) => truncated);
    },
  };
}

/** Rows that cannot be read are kept, so that they are counted later. */
async function textMatches(
  source: ConversationSource,
  rows: readonly number[],
  matches: (messages: readonly Message[]) => boolean,
): Promise<number[]> {
  const kept = await Promise.all(
    rows.map(async (row) => {
      try {
        return matches((await source.read(row)).messages);
      } catch (error) {
        if (error instanceof DataError) return true;
        throw error;
      }
    }),
  );
  return rows.filter((_, index) => kept[index]);
}
