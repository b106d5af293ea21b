/** Texts of single rows, wherever they lie. */
import { type ConversationSource, openConversations } from "../../data/index.js";
import { comparedText } from "./comparedText.js";
import type { SignatureParameters } from "./parameters.js";
import { locator } from "./places.js";
import type { SourceFile } from "./signatureFile.js";
import { readLeniently } from "./sourceFiles.js";

export interface RowTexts {
  /** @throws DataError when the row cannot be read */
  text(row: number): Promise<string>;
  close(): Promise<void>;
}

/** Files that are open at a time; each has its index in memory. */
const openFiles = 4;

export function openRowTexts(
  files: readonly SourceFile[],
  { by, reading }: Pick<SignatureParameters, "by" | "reading">,
): RowTexts {
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
    async text(row) {
      const { file, row: own } = locate(row);
      const source = await sourceOf(file);
      return comparedText(await source.readWhole(own), by);
    },
    async close() {
      for (const source of opened.values()) await source.close();
    },
  };
}
