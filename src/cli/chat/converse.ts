/** The chat on a terminal, or over a pipe with one user turn per line. */
import { createInterface } from "node:readline";
import { type ChatSession, reply } from "../../generate/index.js";
import { TunewrightError } from "../../util/errors.js";
import { reportError } from "../errors.js";
import { runSlashCommand } from "./slashCommands.js";
import { forgottenLine, summaryLine } from "./summary.js";

export interface Streams {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
  errors: NodeJS.WritableStream;
}

/** Chats until the input ends, or until `/exit` or a second Ctrl-C. */
export async function converse(
  session: ChatSession,
  { input, output, errors }: Streams = {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
  },
): Promise<void> {
  const terminal = input.isTTY === true;
  if (terminal) errors.write("Type a message. /help lists commands, Ctrl-C stops an answer.\n");
  const lines = createInterface({ input, output, terminal, prompt: "> " });
  let answering: AbortController | null = null;
  let warned = false;
  let leaving = false;
  const leave = () => {
    leaving = true;
    answering?.abort();
    lines.close();
  };
  const interrupt = () => {
    if (answering && !answering.signal.aborted) answering.abort();
    else if (answering || warned) leave();
    else {
      warned = true;
      errors.write("\n(to leave, press Ctrl-C again or Ctrl-D, or type /exit)\n");
      lines.prompt();
    }
  };
  // On a terminal in raw mode, readline gets Ctrl-C; otherwise it arrives as a signal.
  lines.on("SIGINT", interrupt);
  process.on("SIGINT", interrupt);
  let ended = false;
  lines.on("close", () => {
    ended = true;
  });

  const answer = async (question: string): Promise<void> => {
    answering = new AbortController();
    try {
      const turn = reply(session, question, answering.signal);
      let step = await turn.next();
      for (; !step.done; step = await turn.next()) output.write(step.value);
      output.write("\n");
      errors.write(`${forgottenLine(step.value)}(${summaryLine([step.value])})\n`);
    } finally {
      answering = null;
    }
  };

  try {
    if (terminal) lines.prompt();
    for await (const line of lines) {
      warned = false;
      try {
        const action = runSlashCommand(session, line);
        if (action.say) errors.write(`${action.say}\n`);
        if (action.exit) break;
        if (action.ask !== undefined) await answer(action.ask);
      } catch (error) {
        // This request failed; the conversation continues.
        if (!(error instanceof TunewrightError)) throw error;
        errors.write(`${reportError(error, false).lines.join("\n")}\n`);
      }
      if (leaving) break;
      if (terminal && !ended) lines.prompt();
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
    lines.close();
    if (terminal) errors.write("\n");
  }
}
