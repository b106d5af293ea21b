/** Messages as files have them: in OpenAI's notation (`role`, `content`) or ShareGPT's (`from`, `value`). */
import { isDeepStrictEqual } from "node:util";
import type { Message, ToolCall } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { openText } from "./cellText.js";
import { type Content, readParts } from "./contentParts.js";
import {
  contradiction,
  type Row,
  readFlag,
  refuseKeys,
  rows,
  text,
  withoutNulls,
} from "./fields.js";
import { readSpeaker, type Speaker, speakerNamed } from "./speakers.js";
import { readCalls } from "./toolCalls.js";
import { toolKeys } from "./toolDefinitions.js";
import { readTrain, trainKeys } from "./training.js";

/**
 * A list of messages, or its JSON text. Calls that stand in an entry of their own belong to the turn
 * of the assistant before them.
 * @param list names it in errors
 * @throws DataError naming the entry by `list` and its index
 */
export function readMessages(value: unknown, list: string): Message[] {
  const messages: Message[] = [];
  for (const [index, row] of rows(openText(value, list), list).entries()) {
    const plain = plainMessage(row);
    if (plain) {
      messages.push(plain);
      continue;
    }
    const place = `${list}[${index}]`;
    const entry = withoutNulls(row);
    const speaker = speakerOf(entry, place);
    const before = messages.at(-1);
    const read = readEntry(entry, speaker, place);
    if (speaker === "call" && before?.role === "assistant") {
      messages[messages.length - 1] = joinedTurn(before, read[0]!, place);
    } else messages.push(...read);
  }
  return messages;
}

/** A role and a text, which most messages are and which take little time; undefined for all others. */
function plainMessage(row: Row): Message | undefined {
  if (Object.keys(row).length !== 2) return undefined;
  const { role = row.from, content = row.value } = row;
  if (typeof role !== "string" || typeof content !== "string") return undefined;
  const speaker = speakerNamed(role);
  return speaker === undefined || speaker === "call" ? undefined : { role: speaker, content };
}

/** Whether a value is one message, in either notation. */
export function isEntry(row: Row): boolean {
  const speaks = ["role", "from"].some((key) => typeof row[key] === "string");
  return speaks && ["content", "value", "tool_calls", "function_call"].some((key) => key in row);
}

function speakerOf({ role, from }: Row, place: string): Speaker {
  if (from === undefined) return readSpeaker(role, `${place}.role`);
  const speaker = readSpeaker(from, `${place}.from`);
  if (role !== undefined && readSpeaker(role, `${place}.role`) !== speaker) {
    throw contradiction(place, "from", "role");
  }
  return speaker;
}

/** What an entry says beside its text, where other formats have nothing that it could become. */
const lostKeys = ["refusal", "audio", "annotations", "train_detail", ...toolKeys];

/** Keys with a meaning of their own; all others go on to the template. */
const ownKeys = new Set(["from", "value", "function_call", "continues", ...trainKeys, ...lostKeys]);

/** The messages of one entry: answers of tools that are parts of it are messages of their own. */
function readEntry(entry: Row, speaker: Speaker, place: string): Message[] {
  refuseKeys(Object.fromEntries(lostKeys.map((key) => [key, entry[key]])), place);
  const role = speaker === "call" ? "assistant" : speaker;
  const { text: content, reasoning, calls, results } = readSaid(entry, speaker, place);
  if (calls.length > 0 && role !== "assistant") {
    throw new DataError(`${place} has calls of tools and role ${role}`, {
      why: "only the assistant calls tools",
      todo: "correct or remove the row",
    });
  }
  const learnt = readTrain(entry, role, place);
  const message: Message = { role, content };
  for (const [key, value] of Object.entries(entry)) if (!ownKeys.has(key)) message[key] = value;
  Object.assign(message, { role, content });
  if (reasoning !== undefined) addReasoning(message, reasoning, place);
  if (calls.length > 0) message.tool_calls = calls;
  else delete message.tool_calls;
  if (learnt !== undefined) message.train = learnt;
  if (readFlag(entry.continues, `${place}.continues`)) message.continues = true;
  if (results.length === 0) return [message];
  const answers = results.map(({ id, text: answer }): Message => {
    return { role: "tool", content: answer, ...(id === undefined ? {} : { tool_call_id: id }) };
  });
  return content === "" ? answers : [...answers, message];
}

interface Said extends Required<Omit<Content, "reasoning" | "calls">> {
  reasoning: string | undefined;
  calls: ToolCall[];
}

function readSaid(entry: Row, speaker: Speaker, place: string): Said {
  const { content, value } = entry;
  if (content !== undefined && value !== undefined && !isDeepStrictEqual(content, value)) {
    throw contradiction(place, "content", "value");
  }
  const name = `${place}.${content === undefined && "from" in entry ? "value" : "content"}`;
  const given = content ?? value;
  const beside = callsBeside(entry, place);
  const said: Said = { text: "", reasoning: undefined, calls: beside, results: [] };
  if (speaker === "call") {
    refuseKeys({ tool_calls: entry.tool_calls, function_call: entry.function_call }, place);
    const calls = readCalls(given, name);
    if (calls.length > 0) return { ...said, calls };
    throw new DataError(`${name} has no function call`, { todo: "correct or remove the row" });
  }
  if (beside.length > 0 && given === undefined) return said;
  if (!Array.isArray(given)) return { ...said, text: text(given, name) };
  const parts = readParts(given, name);
  const called = (parts.calls ?? []).flatMap((one, at) => readCalls(one, `${name}[${at}]`));
  return { ...said, ...parts, results: parts.results ?? [], calls: [...beside, ...called] };
}

/** OpenAI's two keys for calls. */
function callsBeside({ tool_calls: several, function_call: one }: Row, place: string): ToolCall[] {
  const calls = readCalls(several, `${place}.tool_calls`);
  const [older] = readCalls(one, `${place}.function_call`);
  if (older === undefined) return calls;
  if (calls.length === 0) return [older];
  const isSame = calls.length === 1 && isDeepStrictEqual(calls[0]!.function, older.function);
  if (!isSame) throw contradiction(place, "tool_calls", "function_call");
  return calls;
}

function addReasoning(message: Message, reasoning: string, place: string): void {
  const other = ["reasoning_content", "reasoning", "thinking"].find((key) => message[key]);
  if (other !== undefined && message[other] !== reasoning) {
    throw contradiction(place, other, "reasoning in its content");
  }
  message.reasoning_content = reasoning;
}

/** Calls go into the turn before them, whose other keys must not say something else. */
function joinedTurn(before: Message, called: Message, place: string): Message {
  const calls = [...(before.tool_calls ?? []), ...(called.tool_calls ?? [])];
  const { content: _content, tool_calls: _calls, role: _role, ...more } = called;
  const differs = ["train", "continues", ...Object.keys(more)].find(
    (key) => !isDeepStrictEqual(before[key], called[key]),
  );
  if (differs === undefined) return { ...before, tool_calls: calls };
  throw new DataError(`${place} and the entry before it are one turn and differ in ${differs}`, {
    why: "words and calls of one turn are one message",
    todo: "correct or remove the row",
  });
}
