/** What the option `reasoning` makes of a row before it is rendered. */
import {
  type ChatTemplate,
  type Conversation,
  hasReasoning,
  type Message,
  place,
  type ReasoningChoice,
  withoutReasoning,
  withReasoningShown,
} from "../text/index.js";
import { DataError } from "../util/errors.js";

/** A row as conversations that are rendered one by one. */
export interface PlannedRow {
  conversations: Conversation[];
  /** Turns whose reasoning was taken out. */
  dropped: number;
}

/** @throws DataError naming file and line for a turn that is nothing but reasoning, with `drop` */
export function planRow(
  conversation: Conversation,
  reasoning: ReasoningChoice | undefined,
): PlannedRow {
  const { messages } = conversation;
  if (conversation.kind === "text" || !messages.some(hasReasoning)) {
    return { conversations: [conversation], dropped: 0 };
  }
  if (reasoning === "drop") {
    const bare = messages.map((message, index) => bareMessage(message, index, conversation));
    return {
      conversations: [{ ...conversation, messages: bare }],
      dropped: messages.filter(hasReasoning).length,
    };
  }
  if (reasoning !== "split") return { conversations: [conversation], dropped: 0 };
  return { conversations: turnByTurn(conversation), dropped: 0 };
}

function bareMessage(message: Message, index: number, { source }: Conversation): Message {
  const bare = withoutReasoning(message);
  if (!hasReasoning(message) || bare.content.trim() !== "" || bare.tool_calls?.length) return bare;
  throw new DataError(`${place(source)}message ${index + 1} is nothing but reasoning`, {
    why: "with reasoning drop, the model would learn to give an empty answer",
    todo: "remove the turn or the row, or choose another value of reasoning",
  });
}

/** For each turn that is trained on the conversation up to its end, with nothing else trained on. */
function turnByTurn(conversation: Conversation): Conversation[] {
  const { messages } = conversation;
  const ends = messages.flatMap(({ role }, index) =>
    role === "assistant" && !messages[index + 1]?.continues ? [index + 1] : [],
  );
  const isLearnt = ({ role, train }: Message) => train ?? role === "assistant";
  return [...new Set([...ends, messages.length])].flatMap((end, order) => {
    const start = ends[order - 1] ?? 0;
    if (!messages.slice(start, end).some(isLearnt)) return [];
    const shown = messages
      .slice(0, end)
      .map((message, index) =>
        index < start && isLearnt(message) ? { ...message, train: false } : message,
      );
    return [{ ...conversation, messages: shown }];
  });
}

const shown = new WeakMap<ChatTemplate, Map<ReasoningChoice, ChatTemplate>>();

/** The template that rows are rendered with. */
export function templateFor(
  template: ChatTemplate,
  reasoning: ReasoningChoice | undefined,
): ChatTemplate {
  if (reasoning !== "keep" && reasoning !== "split") return template;
  const known = shown.get(template) ?? new Map<ReasoningChoice, ChatTemplate>();
  shown.set(template, known);
  const own =
    known.get(reasoning) ?? withReasoningShown(template, reasoning === "keep" ? "every" : "last");
  known.set(reasoning, own);
  return own;
}
