/** What stands in for a chat template where plain texts are trained on: it has no conversations. */
import { DataError } from "../util/errors.js";
import { place } from "./place.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate } from "./types.js";

/** The name that `resolveChatTemplate` knows it by. */
export const plainTemplateName = "plain";

/** A template that ends at the tokenizer's end token and refuses every conversation. */
export function createPlainTemplate(tokenizer: Tokenizer): ChatTemplate {
  return {
    name: plainTemplateName,
    stop: [],
    stopTokenIds: tokenizer.eosTokenIds,
    mentions: () => false,
    render(_messages, { source } = {}) {
      throw new DataError(`${place(source)}a conversation among plain texts`, {
        why: "pretraining learns every token of rows with a text, without a chat template",
        todo: 'make it a row {"text": …}, or use task_type sft, which takes both',
      });
    },
  };
}
