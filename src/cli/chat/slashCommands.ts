/** Interprets a line typed in a chat: a message, or a command that starts with a slash. */
import { writeFileSync } from "node:fs";
import {
  type ChatSession,
  resetSession,
  setAdapterWeights,
  setSystem,
  takeBackTurn,
} from "../../generate/index.js";
import { ConfigError, TunewrightError } from "../../util/errors.js";

export interface LineAction {
  /** Ask the model this. */
  ask?: string;
  /** Tell the user this. */
  say?: string;
  exit?: boolean;
}

const help = [
  "/reset          start a new conversation with the same system message",
  "/system TEXT    replace the system message (without TEXT: remove it)",
  "/regenerate     generate another answer to the last message",
  "/adapter        list the adapters; /adapter 2 uses only the second, /adapter 1=0.5 2=1 weighs them",
  "/save FILE      save the conversation to FILE as a row of training data",
  "/help           show this list",
  "/exit           leave (or press Ctrl-D, or Ctrl-C twice)",
  "//TEXT          send /TEXT as a message",
].join("\n");

const quietCommands = ["help", "exit", "quit", "reset", "system", "adapter", "save"];

/** Whether a line is a command that no answer is expected to. */
export function isCommand(line: string): boolean {
  const [, name = ""] = /^\/(\S+)/.exec(line) ?? [];
  return quietCommands.includes(name);
}

/**
 * Carries out one line.
 *
 * @throws ConfigError for an unknown command, or one that cannot be carried out
 */
export function runSlashCommand(session: ChatSession, line: string): LineAction {
  if (line.trim() === "") return {};
  if (line.startsWith("//")) return { ask: line.slice(1) };
  if (!line.startsWith("/")) return { ask: line };
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line.trimEnd()) ?? [];
  switch (name) {
    case "help":
      return { say: help };
    case "exit":
    case "quit":
      return { exit: true };
    case "reset":
      resetSession(session);
      return { say: "new conversation" };
    case "system":
      setSystem(session, rest);
      return { say: rest === "" ? "system message removed" : "system message set" };
    case "regenerate": {
      const question = takeBackTurn(session);
      if (question === undefined) throw new ConfigError("there is no message to answer yet");
      return { ask: question };
    }
    case "adapter":
      return { say: weighAdapters(session, rest) };
    case "save":
      return { say: save(session, rest) };
    default:
      throw new ConfigError(`unknown command /${name}`, {
        todo: "see /help; type // at the start to send a message that starts with a slash",
      });
  }
}

/** Changes the weights of adapters where `words` says so. @returns a list of them */
function weighAdapters(session: ChatSession, words: string): string {
  const { attached = [], adapters = [] } = session.chat;
  if (attached.length === 0) {
    throw new ConfigError("the model has no adapters", { todo: "start with --adapter DIR" });
  }
  const asked = words.trim() === "" ? [] : words.trim().split(/\s+/);
  const weights = attached.map(({ strength }) => strength.value);
  for (const word of asked) {
    const [, number = "", weight] = /^(\d+)(?:=(-?\d*\.?\d+))?$/.exec(word) ?? [];
    const at = Number(number) - 1;
    const alone = weight === undefined && asked.length === 1;
    if (attached[at] === undefined || (weight === undefined && !alone)) {
      throw new ConfigError(`/adapter does not understand ${word}`, {
        todo: `give a number from 1 to ${attached.length}, or weights such as 1=0.5`,
      });
    }
    if (alone) weights.fill(0);
    weights[at] = weight === undefined ? 1 : Number(weight);
  }
  if (asked.length > 0) setAdapterWeights(session, weights);
  return adapters.map((one, i) => `${i + 1}  ${one}, weight ${weights[i]}`).join("\n");
}

function save(session: ChatSession, file: string): string {
  if (file === "") throw new ConfigError("/save requires a file name");
  const row = `${JSON.stringify({ messages: session.messages })}\n`;
  try {
    writeFileSync(file, row, { flag: "wx" });
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw new TunewrightError(`${file} was not saved`, {
      why: exists ? "it already exists" : cause instanceof Error ? cause.message : String(cause),
      todo: "use another name",
      cause,
    });
  }
  return `${session.messages.length} messages saved to ${file}`;
}
