/** One English and one Chinese conversation as the model will see them. */
import { encodeRows, openConversations } from "../../data/index.js";
import { previewLegend, renderTokens } from "../data/renderTokens.js";
import { openTextModel } from "../data/textModel.js";
import { isChinese } from "./plan.js";

export interface Preview {
  /** Conversations in the file. */
  rows: number;
  lines: string[];
}

/**
 * The first conversation in each of the two languages, with the learnt tokens marked.
 *
 * @throws DataError where the file cannot be read or a row not be trained on
 */
export async function previewConversations(
  file: string,
  model: string,
  color: boolean,
): Promise<Preview> {
  const { tokenizer, template, embeddingRows } = await openTextModel({ model });
  const source = await openConversations([file]);
  try {
    const found = { english: -1, chinese: -1 };
    for (let row = 0; row < source.rows && (found.english < 0 || found.chinese < 0); row++) {
      const { messages } = await source.read(row);
      const language = isChinese(messages.map(({ content }) => content).join())
        ? "chinese"
        : "english";
      if (found[language] < 0) found[language] = row;
    }
    const rows = Object.values(found).filter((row) => row >= 0);
    const lines = [previewLegend(color)];
    for (const result of await encodeRows(source, rows, { tokenizer, template, embeddingRows })) {
      if (!result.ok) throw result.error;
      const { file: path, line } = result.source;
      for (const encoded of result.encoded) {
        const counts = `${encoded.labelledTokens} of ${encoded.inputIds.length} tokens are trained on`;
        lines.push("", `${path}:${line}  ${counts}`);
        lines.push(...renderTokens(encoded, tokenizer, color).trimEnd().split("\n"));
      }
    }
    return { rows: source.rows, lines };
  } finally {
    await source.close();
  }
}
