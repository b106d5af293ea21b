/** Plain text for continued pretraining: `{"text"}`. */
import { DataError } from "../../util/errors.js";
import { inexpressible } from "./expressible.js";
import { text } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";

export const textFormat: ConversationFormat = {
  name: "text",
  keys: ["text", "id"],
  matches: (row) => typeof row.text === "string",
  read(row) {
    const content = text(row.text, "text");
    if (content.trim() === "") throw new DataError("the text is empty", { todo: "remove the row" });
    return {
      kind: "text",
      messages: [{ role: "assistant", content }],
      id: conversationId(row.id),
    };
  },
  write(row) {
    if (row.kind !== "text") {
      inexpressible(
        "text",
        "the roles of a conversation",
        "keep it as a conversation: training accepts both",
      );
    }
    if (row.messages.length > 1) inexpressible("text", "a prompt that is not learnt");
    return { id: row.id, text: row.messages[0]?.content };
  },
};
