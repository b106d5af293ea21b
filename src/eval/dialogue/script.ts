/** The dialogue that is replayed: user turns from a file, with the answers of a reference where it has some. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { ConfigError, DataError } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import { readScript } from "../../util/readScript.js";

/** What names of such tasks begin with. */
const PREFIX = "dialogue:";

/** User turns, asked one after the other in one conversation. */
export interface Dialogue {
  /** Name of the task: `dialogue:` with that of the file. */
  name: string;
  turns: readonly DialogueTurn[];
  system?: string;
}

export interface DialogueTurn {
  question: string;
  /** The answer that the reference has. */
  reference?: string;
}

export function isDialogueName(name: string): boolean {
  return name.startsWith(PREFIX);
}

/**
 * Reads the file of a task `dialogue:FILE`: a script as `chat --script` takes it, or a conversation with
 * answers (what `chat --json` prints, or one row of training data), whose user turns are asked and whose
 * answers are the reference.
 *
 * @throws ConfigError where no file is named; DataError for a file of another form
 */
export function readDialogue(task: string): Dialogue {
  const file = task.slice(PREFIX.length);
  if (file === "") {
    throw new ConfigError(`${task} names no file`, {
      todo: "give a script or a conversation, such as dialogue:questions.json",
    });
  }
  const name = PREFIX + basename(file).replace(/\.[^.]*$/, "");
  const messages = readMessages(file);
  if (!messages) return { name, turns: readScript(file).map((question) => ({ question })) };
  return { name, ...conversation(messages, file) };
}

interface WrittenMessage {
  role: string;
  content: string;
}

/** The messages of a file that is a JSON object or one line of such objects; undefined for a script. */
function readMessages(file: string): unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch {
    return undefined; // What cannot be read, and what is no JSON, is told by readScript.
  }
  if (Array.isArray(value)) return value.some(isRecord) ? value : undefined;
  const messages = isRecord(value) ? value.messages : undefined;
  if (Array.isArray(messages)) return messages;
  throw new DataError(`${file} is neither a script nor a conversation`, {
    why: "it is JSON without messages",
    todo: 'write ["first question", …], or { "messages": [{ "role": "user", "content": "…" }, …] }',
  });
}

function isMessage(value: unknown): value is WrittenMessage {
  return isRecord(value) && typeof value.role === "string" && typeof value.content === "string";
}

function conversation(
  values: readonly unknown[],
  file: string,
): Pick<Dialogue, "turns" | "system"> {
  const turns: DialogueTurn[] = [];
  let system: string | undefined;
  for (const [i, value] of values.entries()) {
    const where = `message ${i + 1} of ${file}`;
    if (!isMessage(value)) throw new DataError(`${where} has no role and content`);
    const { role, content } = value;
    const last = turns.at(-1);
    if (role === "system" && i === 0) system = content;
    else if (role === "user") turns.push({ question: content });
    else if (role === "assistant" && last && last.reference === undefined) last.reference = content;
    else {
      throw new DataError(`${where} cannot be replayed: its role is ${role}`, {
        why: "a dialogue has one system message at most, then questions, each with one answer or none",
        todo: "leave the message out",
      });
    }
  }
  if (turns.length === 0) throw new DataError(`${file} has no user turn`);
  return { turns, ...(system === undefined ? {} : { system }) };
}
