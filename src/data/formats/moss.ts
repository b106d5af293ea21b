/**
 * MOSS's format, as its publishers have it on the hub: `chat` is an object of turns, each an object
 * of five texts with marks around them (`<|Human|>: …<eoh>\n`). "None" stands for nothing.
 */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { openText, rowIn } from "./cellText.js";
import { describe, isRow, optionalText, type Row, refuseKeys, without } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat, FormatOptions, MossPart } from "./format.js";
import { writeMoss } from "./mossWriter.js";
import { systemMessage } from "./system.js";

export const mossFormat: ConversationFormat = {
  name: "moss",
  keys: ["chat", "meta_instruction", "num_turns", "conversation_id"],
  matches: (row) => Object.keys(rowIn(row.chat) ?? {}).some((key) => turnKey.test(key)),
  read(row, options) {
    const meta = options.mossMetaInstruction
      ? optionalText(row.meta_instruction, "meta_instruction")
      : undefined;
    return {
      messages: [...systemMessage(meta), ...turns(row).flatMap((turn) => readTurn(turn, options))],
      id: conversationId(row.conversation_id),
    };
  },
  write: writeMoss,
};

interface Turn {
  name: string;
  fields: Row;
}

const turnKey = /^turn_(\d+)$/;

/** The turns by their number, which need not be their order in the file. */
function turns(row: Row): Turn[] {
  const chat = openText(row.chat, "chat");
  if (!isRow(chat)) {
    throw new DataError(row.chat === undefined ? "chat is missing" : "chat is not an object", {
      why: 'a MOSS row has "chat": {"turn_1": {…}, …}',
      todo: "correct or remove the row",
    });
  }
  const numbered = Object.entries(chat).map(([key, fields]) => {
    const number = turnKey.exec(key)?.[1];
    if (number === undefined || !isRow(fields)) {
      throw new DataError(`chat.${key} is ${number ? describe(fields) : "not a turn"}`, {
        why: "turns must be objects named turn_1, turn_2, …",
        todo: "correct or remove the row",
      });
    }
    return { number: Number(number), name: `chat.${key}`, fields };
  });
  numbered.sort((a, b) => a.number - b.number);
  const gap = numbered.findIndex(({ number }, index) => number !== index + 1);
  if (gap >= 0) {
    throw new DataError(`chat has no turn_${gap + 1}`, {
      why: `the next one is turn_${numbered[gap]!.number}`,
      todo: "correct or remove the row",
    });
  }
  return numbered;
}

const learntByDefault: readonly MossPart[] = ["thoughts", "commands", "answers"];

const turnFields = ["Human", "Inner Thoughts", "Commands", "Tool Responses", "MOSS"];

function readTurn({ name, fields }: Turn, options: FormatOptions): Message[] {
  refuseKeys(without(fields, turnFields), name);
  const human = content(fields, "Human", name);
  const answer = content(fields, "MOSS", name);
  if (human === undefined || answer === undefined) {
    throw new DataError(`${name}.${human === undefined ? "Human" : "MOSS"} is missing`, {
      todo: "correct or remove the row",
    });
  }
  const { mossTools = "keep", mossLearn = learntByDefault } = options;
  const message = (role: Message["role"], part: MossPart, words: string): Message => {
    const train = mossLearn.includes(part);
    const usual = role === "assistant";
    return train === usual ? { role, content: words } : { role, content: words, train };
  };
  const user = message("user", "human", human);
  const answered = message("assistant", "answers", answer);
  const [thoughts, commands, results] = ["Inner Thoughts", "Commands", "Tool Responses"].map(
    (field) => withoutNone(content(fields, field, name)),
  );
  if (mossTools === "drop" || (!thoughts && !commands && !results)) return [user, answered];
  if (mossTools === "refuse") {
    throw new DataError(`${name} has inner thoughts, commands or tool results`, {
      why: "moss_tools is refuse",
      todo: "remove the row, or use moss_tools keep or drop",
    });
  }
  const thought = thoughts
    ? message("assistant", "thoughts", `<|Inner Thoughts|>: ${thoughts}<eot>\n`)
    : undefined;
  if (!commands && !results) return [user, ...joined(thought, answered)];
  return [
    user,
    ...joined(
      thought,
      message("assistant", "commands", `<|Commands|>: ${commands ?? "None"}<eoc>`),
    ),
    message("tool", "results", `<|Results|>:\n${results ?? "None"}\n<eor>`),
    answered,
  ];
}

/** A thought and what follows it: one message, or two of one turn where one of them is learnt. */
function joined(thought: Message | undefined, said: Message): Message[] {
  if (thought === undefined) return [said];
  if (thought.train === said.train) return [{ ...said, content: thought.content + said.content }];
  return [thought, { ...said, continues: true }];
}

const opening = /^\s*<\|[A-Za-z ]+\|>:/;
const ending = /<eo[a-z]>\s*$/;

/** What is between a field's marks, without the space around it. */
function content(fields: Row, field: string, turn: string): string | undefined {
  const value = fields[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") {
    throw new DataError(`${turn}.${JSON.stringify(field)} is ${describe(value)}, not a string`, {
      todo: "correct or remove the row",
    });
  }
  return value.replace(opening, "").replace(ending, "").trim();
}

function withoutNone(value: string | undefined): string | undefined {
  return value === undefined || value === "" || value === "None" ? undefined : value;
}
