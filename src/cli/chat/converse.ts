/** The chat on a terminal, or over a pipe with one user turn per line. */
import { createInterface, type Interface } from "node:readline";
import { type ChatSession, reply } from "../../generate/index.js";
import { DataError, TunewrightError } from "../../util/errors.js";
import type { Outlet } from "../../util/outlet.js";
import { abortOnSignals, handleSignals } from "../../util/signals.js";
import { reportError } from "../errors.js";
import { stderr, stdout } from "../output.js";
import { isCommand, runSlashCommand } from "./slashCommands.js";
import { forgottenLine, summaryLine } from "./summary.js";

export interface Streams {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: Pick<Outlet, "write" | "closed">;
  errors: Pick<Outlet, "write">;
}

/**
 * Chats until the input ends, or until `/exit` or a second Ctrl-C.
 *
 * Over a pipe every message has its place in the output: one that cannot be answered gets an empty
 * answer, so that the others keep theirs.
 *
 * @throws DataError at the end of a pipe with messages that could not be answered; Interrupted where a
 *   signal stopped it
 */
export async function converse(
  session: ChatSession,
  { input, output, errors }: Streams = { input: process.stdin, output: stdout, errors: stderr },
): Promise<void> {
  const streams = { input, output, errors };
  if (input.isTTY === true) await converseOnTerminal(session, streams);
  else await answerLines(session, streams);
}

/** Answers a question. The answer ends with a line break. */
async function answer(
  session: ChatSession,
  question: string,
  { output, errors }: Streams,
  signal: AbortSignal,
): Promise<void> {
  const turn = reply(session, question, signal);
  let step = await turn.next();
  for (; !step.done && !output.closed; step = await turn.next()) output.write(step.value);
  output.write("\n");
  if (step.done) errors.write(`${forgottenLine(step.value)}(${summaryLine([step.value])})\n`);
}

async function answerLines(session: ChatSession, streams: Streams): Promise<void> {
  const { input, output, errors } = streams;
  const { signal, done } = abortOnSignals();
  const lines = createInterface({ input, terminal: false });
  signal.addEventListener("abort", () => lines.close());
  let line = 0;
  let failed = 0;
  try {
    for await (const text of lines) {
      line++;
      try {
        const action = runSlashCommand(session, text);
        if (action.say) errors.write(`${action.say}\n`);
        if (action.exit) break;
        if (action.ask !== undefined) await answer(session, action.ask, streams, signal);
      } catch (error) {
        if (!(error instanceof TunewrightError)) throw error;
        failed++;
        if (!isCommand(text)) output.write("\n");
        errors.write(`line ${line}: ${reportError(error, false).lines.join("\n")}\n`);
      }
      // Nobody reads the answers any more: `chat … | head -3`.
      if (signal.aborted || output.closed) break;
    }
    signal.throwIfAborted();
  } finally {
    lines.close();
    done();
  }
  if (failed === 0) return;
  throw new DataError(`${failed} of ${line} lines failed`, {
    why: "the reasons are above; a message among them has an empty answer",
    todo: "correct them and ask again",
  });
}

async function converseOnTerminal(session: ChatSession, streams: Streams): Promise<void> {
  const { input, output, errors } = streams;
  errors.write("Type a message. /help lists commands, Ctrl-C stops an answer.\n");
  const lines: Interface = createInterface({
    input,
    output: process.stdout,
    terminal: true,
    prompt: "> ",
  });
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
  // In raw mode, readline gets Ctrl-C; otherwise it arrives as a signal. A terminal may be gone.
  lines.on("SIGINT", interrupt);
  const forget = handleSignals(["SIGINT"], interrupt);
  process.stdout.on("error", leave);
  let ended = false;
  lines.on("close", () => {
    ended = true;
  });
  try {
    lines.prompt();
    for await (const line of lines) {
      warned = false;
      try {
        const action = runSlashCommand(session, line);
        if (action.say) errors.write(`${action.say}\n`);
        if (action.exit) break;
        if (action.ask !== undefined) {
          answering = new AbortController();
          await answer(session, action.ask, streams, answering.signal);
        }
      } catch (error) {
        // This request failed; the conversation continues.
        if (!(error instanceof TunewrightError)) throw error;
        errors.write(`${reportError(error, false).lines.join("\n")}\n`);
      } finally {
        answering = null;
      }
      if (leaving || output.closed) break;
      if (!ended) lines.prompt();
    }
  } finally {
    forget();
    lines.close();
    errors.write("\n");
  }
}
