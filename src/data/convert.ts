/** Converts conversations from any known format to another. */
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, DataError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "./conversationSource.js";
import { formatNamed } from "./formats/formats.js";
import { addLeftOut, type JoinedMessages, nothingLeftOut } from "./leftOut.js";
import { countPlaceholders } from "./placeholders.js";
import { checkNotRead, checkOutName, openRowWriter, type RowWriter } from "./rowWriter.js";
import { resolveSources } from "./sources/index.js";
import { canonicalFormat, writeConversation } from "./writeConversation.js";

export interface ConvertOptions extends SourceOptions {
  /**
   * Format to write. Default: `messages` for conversations; plain texts and preference pairs keep
   * their format.
   */
  to?: string | undefined;
  /** Stop at the first invalid row, or leave out invalid rows. Default `skip`. */
  onError?: "fail" | "skip" | undefined;
  /** Called with the number of rows processed so far. */
  onRows?: ((rows: number, total: number) => void) | undefined;
}

export interface ConvertResult {
  /** Always the sum of the other two. */
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  /** Errors of the first rejected rows. */
  problems: DataError[];
  /** File that lists every rejected row with its reason; undefined if there is none. */
  rejectedFile: string | undefined;
  /** Number of rows with a `{{name}}` that was not replaced, by name. */
  placeholders: Readonly<Record<string, number>>;
  /** Messages that were joined to the one before, being of its role; undefined if there is none. */
  joined: JoinedMessages | undefined;
}

const keptProblems = 20;
const progressRows = 1000;

/**
 * Writes `out`, whole or not at all. Keys of a row that its format does not use are kept; rejected
 * rows, and those that the format written has no place for, are listed in `<out>.rejected.jsonl`.
 * @throws ConfigError for an unknown format, or when `out` is one of the files, cannot be written, or
 * names another kind of file than JSONL
 * @throws DataError when a file cannot be read or its format is unknown
 */
export async function convertFiles(
  names: readonly string[],
  out: string,
  options: ConvertOptions = {},
): Promise<ConvertResult> {
  checkOutName(out);
  const files = await resolveSources(names, options);
  checkNotRead([out], files);
  if (options.to !== undefined) formatNamed(options.to);
  const source = await openConversations(files, { ...options, pairs: "keep" });
  const rejected = `${out}.rejected.jsonl`;
  const writers: RowWriter[] = [];
  try {
    const [good, bad] = await openOutputs(out, rejected, writers);
    const result = await convertRows(source, good, bad, options);
    for (const writer of writers.splice(0)) await writer.close();
    await rename(part(out), out);
    await rm(rejected, { force: true });
    if (result.rowsRejected === 0) return result;
    await rename(part(rejected), rejected);
    return { ...result, rejectedFile: rejected };
  } finally {
    for (const writer of writers) await writer.close();
    for (const path of [out, rejected]) await rm(part(path), { force: true });
    await source.close();
  }
}

async function convertRows(
  source: ConversationSource,
  good: RowWriter,
  bad: RowWriter,
  { to, onError = "skip", onRows }: ConvertOptions,
): Promise<ConvertResult> {
  const rowsIn = source.rows;
  const problems: DataError[] = [];
  const placeholders = countPlaceholders();
  const changed = nothingLeftOut();
  let kind: string | undefined;
  let rowsRejected = 0;
  for (let row = 0; row < rowsIn; row++) {
    try {
      const whole = await source.readWhole(row);
      kind ??= canonicalFormat(whole);
      const written = writeConversation(whole, to ?? kind);
      const { conversation, pair } = whole;
      const messages = [conversation.messages, pair?.chosen ?? [], pair?.rejected ?? []].flat();
      placeholders.add(messages.map(({ content }) => content));
      await good.write(written);
      const { joined = 0 } = conversation;
      addLeftOut(changed, { reasoning: 0, keys: [], joined }, source.place(row));
    } catch (error) {
      if (!(error instanceof DataError) || onError === "fail") throw error;
      rowsRejected++;
      if (problems.length < keptProblems) problems.push(error);
      await bad.write({ ...source.place(row), reason: error.message, why: error.why });
    }
    if ((row + 1) % progressRows === 0) onRows?.(row + 1, rowsIn);
  }
  const rowsOut = rowsIn - rowsRejected;
  return {
    rowsIn,
    rowsOut,
    rowsRejected,
    problems,
    rejectedFile: undefined,
    placeholders: placeholders.counts(),
    joined: changed.joined,
  };
}

async function openOutputs(
  out: string,
  rejected: string,
  writers: RowWriter[],
): Promise<[RowWriter, RowWriter]> {
  try {
    makeFolders(dirname(out));
    const good = await openRowWriter(part(out));
    writers.push(good);
    const bad = await openRowWriter(part(rejected));
    writers.push(bad);
    return [good, bad];
  } catch (cause) {
    throw new ConfigError(`${out} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose another --out",
      cause,
    });
  }
}

/** The name of a file until it is complete. */
function part(path: string): string {
  return `${path}.part`;
}
