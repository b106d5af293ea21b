/** The canonical format: `{"messages": [{"role", "content", …}], "tools"?, …}`, as OpenAI has it. */
import { isListOrText } from "./cellText.js";
import { readMessages } from "./entries.js";
import { expectConversation } from "./expressible.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { withSystem } from "./system.js";
import { readTools, toolKeys } from "./toolDefinitions.js";

export const messagesFormat: ConversationFormat = {
  name: "messages",
  keys: ["messages", ...toolKeys, "system", "id"],
  matches: (row) => isListOrText(row.messages),
  read(row) {
    return {
      messages: withSystem(row.system, readMessages(row.messages, "messages")),
      tools: readTools(row),
      id: conversationId(row.id),
    };
  },
  write(row) {
    expectConversation(row, "messages");
    return { id: row.id, messages: row.messages, tools: row.tools };
  },
};
