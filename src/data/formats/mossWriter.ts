/** Conversations in MOSS's format. */
import type { Message } from "../../text/index.js";
import { expectBare, expectConversation, inexpressible } from "./expressible.js";
import type { Row } from "./fields.js";
import type { FormattedRow } from "./format.js";

/**
 * The reverse of reading with `mossMetaInstruction`.
 * @throws DataError when turns are other than MOSS's: a question, and an answer that may have
 * thoughts, commands and results with MOSS's marks before it
 */
export function writeMoss(row: FormattedRow): Row {
  expectConversation(row, "moss");
  if (row.tools) inexpressible("moss", "tool definitions");
  for (const message of row.messages) expectBare(message, "moss");
  const [first] = row.messages;
  const system = first?.role === "system" ? first : undefined;
  const turns: Message[][] = [];
  for (const message of row.messages.slice(system ? 1 : 0)) {
    if (message.role === "system") inexpressible("moss", "a second system message");
    if (message.role === "user") turns.push([message]);
    else turns.at(-1)?.push(message);
  }
  return {
    conversation_id: row.id,
    meta_instruction: system?.content,
    num_turns: turns.length,
    chat: Object.fromEntries(
      turns.map((messages, index) => [`turn_${index + 1}`, writeTurn(messages)]),
    ),
  };
}

const thoughtThenRest = /^(?:<\|Inner Thoughts\|>: ([\s\S]*?)<eot>\n)?([\s\S]*)$/;
const commandOnly = /^<\|Commands\|>: ([\s\S]*)<eoc>$/;
const resultsOnly = /^<\|Results\|>:\n([\s\S]*)\n<eor>$/;

function writeTurn([question, ...said]: readonly Message[]): Row {
  const answer = said.at(-1);
  if (answer?.role !== "assistant") inexpressible("moss", "a question without an answer");
  if (said.length === 1) {
    const [, thoughts, words] = thoughtThenRest.exec(answer.content)!;
    return fields(question!.content, { thoughts, answer: words! });
  }
  const [called, answered] = said;
  const [, thoughts, rest] = thoughtThenRest.exec(called!.content)!;
  const commands = commandOnly.exec(rest!)?.[1];
  const results = resultsOnly.exec(answered!.content)?.[1];
  const isOfMoss = commands !== undefined && results !== undefined && answered!.role === "tool";
  if (said.length !== 3 || !isOfMoss)
    inexpressible("moss", "tool messages that are not in its notation");
  return fields(question!.content, { thoughts, commands, results, answer: answer.content });
}

interface SaidInTurn {
  thoughts?: string | undefined;
  commands?: string | undefined;
  results?: string | undefined;
  answer: string;
}

function fields(human: string, { thoughts, commands, results, answer }: SaidInTurn): Row {
  return {
    Human: `<|Human|>: ${human}<eoh>\n`,
    "Inner Thoughts": `<|Inner Thoughts|>: ${thoughts ?? "None"}<eot>\n`,
    Commands: `<|Commands|>: ${commands ?? "None"}<eoc>\n`,
    "Tool Responses":
      results === undefined ? "<|Results|>: None<eor>\n" : `<|Results|>:\n${results}\n<eor>\n`,
    MOSS: `<|MOSS|>: ${answer}<eom>\n`,
  };
}
