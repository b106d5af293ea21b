/** How it is said that a template leaves something out. */
import type { Conversation, ReasoningChoice } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { LostWords } from "./marks.js";
import type { Part } from "./words.js";

/**
 * @param last index of the last turn
 * @param reasoning what the configuration says of it
 */
export function lostError(
  { part, from }: LostWords,
  conversation: Conversation,
  templateName: string,
  last: number,
  reasoning: ReasoningChoice | undefined,
): DataError {
  const { source } = conversation;
  const place = source ? `${source.file}:${source.line}: ` : "";
  const what = `${place}chat template ${templateName} leaves out ${describePart(part, conversation)}`;
  if (part.kind === "reasoning") return new DataError(what, reasoningDetail(part, last, reasoning));
  const role = conversation.messages[part.message]?.role;
  if (part.kind === "call" || part.kind === "definition" || role === "tool") {
    return new DataError(what, {
      why: "the template does not support tools",
      todo:
        role === "tool"
          ? "use a model whose template supports tools, or remove the row; for MOSS data, moss_tools: drop keeps only the answers"
          : "use a model whose template supports tools, or remove the row",
    });
  }
  const shown = from.trim().slice(0, 40);
  return new DataError(what, {
    why: `the model would learn from a conversation without these words${shown === "" ? "" : ` (… ${JSON.stringify(shown)})`}`,
    todo:
      part.kind === "text"
        ? "use a template that shows the whole conversation, or remove the row"
        : `remove ${part.kind === "name" ? "name" : part.name} from the row if it should not be learnt, or use a template that shows it`,
  });
}

function reasoningDetail({ message }: Part, last: number, reasoning: ReasoningChoice | undefined) {
  if (reasoning === "last") {
    return {
      why: "it leaves out the reasoning of the last turn too",
      todo: "use reasoning split or keep, which write what the model generates where the generation prompt opens it, or drop to learn the answers alone",
    };
  }
  if (reasoning !== undefined) {
    return {
      why: "it leaves out the reasoning of a turn that is generated too",
      todo: "use reasoning drop to learn the answers alone, or a template that shows reasoning",
    };
  }
  return {
    why:
      message < last
        ? "such templates leave reasoning out of turns that others follow, so the model would not learn it"
        : "the model would learn to answer without it",
    todo: "say what is meant with reasoning: drop (learn the answers alone), keep (in every turn), last (only in the last turn) or split (a sequence for each turn)",
  };
}

/** As errors name it, with messages counted from 1. */
function describePart({ kind, message, name }: Part, { messages }: Conversation): string {
  const which = `message ${message + 1}`;
  switch (kind) {
    case "definition":
      return "the tool definitions";
    case "call":
      return `the call of ${name}`;
    case "reasoning":
      return `the reasoning of ${which}`;
    case "name":
      return `the name of ${which}`;
    case "key":
      return `${JSON.stringify(name)} of ${which}`;
    case "text": {
      const role = messages[message]?.role;
      if (role === "tool") return `tool messages (the result in ${which})`;
      return role === "system" && message === 0 ? "the system message" : `the text of ${which}`;
    }
  }
}
