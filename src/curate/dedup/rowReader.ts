/** Single rows, wherever they lie. */
import { type ConversationSource, openConversations, type WholeRow } from "../../data/index.js";
import type { ReadingOptions } from "./parameters.js";
import { locator } from "./places.js";
import type { SourceFile } from "./signatureFile.js";
import { readLeniently } from "./sourceFiles.js";

export interface RowReader {
  /** @throws DataError when the row cannot be read */
  read(row: number): Promise<WholeRow>;
  close(): Promise<void>;
}

/** Files that are open at a time; each has its index in memory. */
const openFiles = 4;

/** @param files whose rows are numbered one after the other */
export function openRowReader(
  files: readonly Pick<SourceFile, "file" | "rows">[],
  reading: ReadingOptions,
): RowReader {
  const locate = locator(files);
  const opened = new Map<string, ConversationSource>();
  const sourceOf = async (file: string): Promise<ConversationSource> => {
    const known = opened.get(file);
    if (known) return known;
    const [oldest] = opened;
    if (oldest && opened.size >= openFiles) {
      opened.delete(oldest[0]);
      await oldest[1].close();
    }
    const source = await openConversations([file], { ...reading, ...readLeniently });
    opened.set(file, source);
    return source;
  };
  return {
    async read(row) {
      const { file, row: own } = locate(row);
      const source = await sourceOf(file);
      return source.readWhole(own);
    },
    async close() {
      for (const source of opened.values()) await source.close();
    },
  };
}
