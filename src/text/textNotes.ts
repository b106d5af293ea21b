/** What the user should know of a tokenizer and a chat template before they are used. */
import { templateNotes } from "./templateVariables.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate } from "./types.js";

/** What to tell the user of tokenizer and template, a line each. */
export function textNotes(text: { tokenizer: Tokenizer; template: ChatTemplate }): string[] {
  return [...vocabularyNotes(text.tokenizer), ...templateNotes(text.template)];
}

/** What to tell the user of tokens without a row in the embedding, a line each. */
export function vocabularyNotes({ tokensWithoutRow: tokens, options }: Tokenizer): string[] {
  const { embeddingRows: rows, fixAddedTokens = false } = options;
  if (tokens.length === 0) {
    const isIdle = fixAddedTokens && rows !== undefined;
    return isIdle
      ? ["fix_added_tokens: no effect, every added token has a row in the embedding."]
      : [];
  }
  return tokens.map(({ text, id }) => {
    const fact = `the tokenizer gives ${text} the id ${id}, but the embedding has ${rows} rows`;
    return fixAddedTokens
      ? `fix_added_tokens: ${text} is ordinary text, and the files that are saved do not name it (${fact}).`
      : `${fact}: text that spells it is refused; fix_added_tokens takes it as ordinary text.`;
  });
}
