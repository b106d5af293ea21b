/** How it is said that a template leaves something out. */
import {
  type ChatTemplate,
  type Conversation,
  type Message,
  place,
  type ReasoningChoice,
  reasoningKeys,
} from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { LostWords } from "./marks.js";
import type { Part } from "./words.js";

/**
 * @param last index of the last turn
 * @param reasoning what the configuration says of it
 */
export function lostError(
  { part, from, isPartly }: LostWords,
  conversation: Conversation,
  template: ChatTemplate,
  last: number,
  reasoning: ReasoningChoice | undefined,
): DataError {
  const { source, messages } = conversation;
  const what = `${place(source)}chat template ${template.name} leaves out ${describePart(part, messages)}`;
  if (part.kind === "reasoning") {
    return new DataError(what, reasoningDetail(part, template, last, reasoning));
  }
  const isResult = messages[part.message]?.role === "tool" && part.kind === "text";
  if (!isPartly && (isResult || part.kind === "call" || part.kind === "definition")) {
    const drop = "; for MOSS data, moss_tools: drop keeps only the answers";
    return new DataError(what, {
      why: "the template does not support tools",
      todo: `use a model whose template supports tools, or remove the row${isResult ? drop : ""}`,
    });
  }
  const isKey = part.kind === "name" || part.kind === "key";
  return new DataError(what, {
    why: `it does not show ${JSON.stringify(from.trim().slice(0, 40))}, which the model would not learn`,
    todo: isKey
      ? `remove ${part.kind === "name" ? "name" : part.name} from the row if it should not be learnt, or use a template that shows it`
      : "use a template that shows the whole conversation, or remove the row",
  });
}

function reasoningDetail(
  { message, name }: Part,
  template: ChatTemplate,
  last: number,
  reasoning: ReasoningChoice | undefined,
): { why: string; todo: string } {
  if (reasoning === "last") {
    return {
      why: "it leaves out the reasoning of the last turn too",
      todo: "use reasoning split or keep, which write what the model generates where the generation prompt opens it, or drop to learn the answers alone",
    };
  }
  if (name !== "content" && !reasoningKeys.some((key) => template.mentions(key))) {
    return {
      why: `it does not read ${name}`,
      todo: "write the reasoning into the content, as <think>…</think> before the answer; or use reasoning drop to learn the answers alone, or a template that shows it",
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
function describePart({ kind, message, name }: Part, messages: readonly Message[]): string {
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
