/** Keys of a row that say something about its conversation, where its format does not read them. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { type Row, saysNothing } from "./fields.js";
import type { FormattedRow } from "./format.js";
import { speakerNamed } from "./speakers.js";
import { toolKeys } from "./toolDefinitions.js";

const marks = ["label", "kto_tag"];
const badAnswers = ["rejected", "rejected_response", "rejected_messages"];
const media = ["image", "images", "video", "videos", "audio", "audios"];
const otherSystem = ["system", "system_prompt", "system_message"];
const otherParts = [...toolKeys, "history", "reasoning_content"];

/**
 * Refuses a row for supervised training that would be learnt as something else than it says: pictures
 * that nobody shows, a bad answer learnt like a good one, a system message under another name.
 * @param rest the keys that the format does not read
 * @throws DataError naming the first such key
 */
export function refuseLostKeys(rest: Row, { kind, messages }: FormattedRow): void {
  if (kind === "preference") return;
  if (kind === "text" && messages.length === 1) {
    expectNoSpeaker(rest);
    return;
  }
  const mark = marks.find((key) => typeof rest[key] === "boolean");
  if (mark !== undefined) throw labeledAnswer(mark);
  const given = Object.keys(rest).filter((key) => !saysNothing(rest[key]));
  for (const key of given) {
    if (badAnswers.includes(key)) throw pairBeside(key);
    if (media.includes(key)) throw mediaBeside(key);
    if (otherSystem.includes(key)) expectSystem(rest[key], key, messages);
    if (otherParts.includes(key)) throw lostPart(key);
  }
}

/** Trees of messages (OpenAssistant's) have one message with a text a row. */
function expectNoSpeaker({ role }: Row): void {
  if (typeof role !== "string" || !speakerNamed(role)) return;
  throw new DataError(`the row is one message of a conversation, of role ${role}`, {
    why: "it would be learnt as a plain text",
    todo: 'write a row for each conversation, {"messages": [{"role", "content"}, …]}; for plain texts remove the key role',
  });
}

function labeledAnswer(key: string): DataError {
  return new DataError(`an answer labeled as good or bad by ${key}`, {
    why: "it is for preference training (KTO); a bad one would be trained on like a good one",
    todo: "keep only the good ones, without the label",
  });
}

function pairBeside(key: string): DataError {
  return new DataError(`the row has another answer in ${key}: it is a preference pair`, {
    why: "it is for preference training (DPO and similar)",
    todo: "remove the key to train on the good answers",
  });
}

function mediaBeside(key: string): DataError {
  return new DataError(`the row has ${key}, which cannot be shown to the model`, {
    why: "the model would learn to answer about what it does not see or hear",
    todo: "remove the row, or the key if the conversation needs nothing of it",
  });
}

function expectSystem(value: unknown, key: string, messages: readonly Message[]): void {
  const [first] = messages;
  const isSame = first?.role === "system" && first.content.trim() === String(value).trim();
  if (isSame) return;
  throw new DataError(`the row has ${key}, which its format does not read`, {
    why: "it would be lost",
    todo: 'name it "system" in the messages format, or remove it',
  });
}

function lostPart(key: string): DataError {
  return new DataError(`the row has ${key}, which its format does not read`, {
    why: "it would be lost",
    todo: "move it to where the messages format has it, or remove it",
  });
}
