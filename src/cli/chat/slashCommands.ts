/** What a line of a conversation asks for: a question, or a command that begins with a slash. */
import { writeFileSync } from "node:fs";
import { type ChatSession, resetSession, setSystem, takeBackTurn } from "../../generate/index.js";
import { ConfigError, TunewrightError } from "../../util/errors.js";

export interface LineAction {
  /** Ask the model this. */
  ask?: string;
  /** Tell the user this. */
  say?: string;
  exit?: boolean;
}

const help = [
  "/reset          forget the conversation, keep the system message",
  "/system TEXT    replace the system message (no TEXT removes it)",
  "/regenerate     answer the last message again",
  "/save FILE      write the conversation to FILE, as a row of training data",
  "/help           this list",
  "/exit           leave (Ctrl-D and Ctrl-C twice do too)",
  "//TEXT          say TEXT with one slash before it",
].join("\n");

/**
 * Acts on one line.
 *
 * @throws ConfigError for an unknown command, or a file that is there already
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
      return { say: "the conversation begins anew" };
    case "system":
      setSystem(session, rest);
      return { say: rest === "" ? "no system message" : "the system message is set" };
    case "regenerate": {
      const question = takeBackTurn(session);
      return question === undefined ? { say: "nothing was asked yet" } : { ask: question };
    }
    case "save":
      return { say: save(session, rest) };
    default:
      throw new ConfigError(`no command /${name}`, {
        todo: "see /help; begin with // to say something that begins with a slash",
      });
  }
}

function save(session: ChatSession, file: string): string {
  if (file === "") throw new ConfigError("/save needs the name of a file");
  const row = `${JSON.stringify({ messages: session.messages })}\n`;
  try {
    writeFileSync(file, row, { flag: "wx" });
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    throw new TunewrightError(`${file} was not written`, {
      why: exists ? "it exists already" : cause instanceof Error ? cause.message : String(cause),
      todo: "use another name",
      cause,
    });
  }
  return `${session.messages.length} messages written to ${file}`;
}
