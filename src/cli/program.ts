/** Finds the command, runs it, turns errors into exit codes. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { ConfigError } from "../util/errors.js";
import { packageVersion } from "../util/packageRoot.js";
import { endIfHungUp } from "../util/signals.js";
import { commands } from "./commands.js";
import { reportError } from "./errors.js";
import { flushOutput, stderr, stdout } from "./output.js";

/** The program with the one command that `words` ask for, or with all of them. */
async function buildProgram(words: readonly string[]): Promise<Command> {
  const program = new Command("tunewright")
    .description("Fine-tune a language model and see what changed.")
    .version(packageVersion())
    .option("--debug", "show the stack trace of an error")
    .showHelpAfterError("  to do: run the same command with --help")
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns,
      getErrHelpWidth: () => stderr.columns,
      getOutHasColors: () => stdout.isTTY,
      getErrHasColors: () => stderr.isTTY,
    })
    .exitOverride();
  program.addHelpText("after", "\nExample:\n  tunewright demo");
  const asked = words.find((word) => !word.startsWith("-"));
  const names =
    asked !== undefined && Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
  for (const name of names) {
    const load = commands[name];
    if (!load) continue;
    const module = await load();
    const command = program.command(module.name).description(module.summary);
    module.register(command);
  }
  return program;
}

/**
 * A name with bytes that are no characters reaches a program as another name.
 *
 * @throws ConfigError where the command line, as the system has it, is not UTF-8
 */
function requireText(words: readonly string[]): void {
  const word = words.find((one) => one.includes("\uFFFD"));
  if (word === undefined || isUtf8(readFileSync("/proc/self/cmdline"))) return;
  throw new ConfigError(`${word}: this word of the command line is not UTF-8`, {
    why: "a file cannot be opened by a name with bytes that are no characters",
    todo: "rename the file or folder",
  });
}

/** Runs one command line (without node and script) and sets the exit code. */
export async function run(words: readonly string[]): Promise<void> {
  const debug = words.includes("--debug");
  const fail = (error: unknown) => {
    const { lines, exitCode } = reportError(error, debug);
    for (const line of lines) stderr.write(`${line}\n`);
    process.exitCode = exitCode;
  };
  process.on("unhandledRejection", (error) => {
    fail(error);
    process.exit();
  });
  process.on("exit", (code) => {
    const lost = flushOutput();
    if (lost !== undefined && code === 0) fail(lost);
    flushOutput();
    endIfHungUp(Number(process.exitCode ?? code));
  });
  try {
    requireText(words);
    const program = await buildProgram(words);
    if (words.filter((word) => word !== "--debug").length === 0) program.help();
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    fail(error);
  }
}
