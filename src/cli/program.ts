/** Finds the command, runs it, turns errors into exit codes. */
import { Command } from "commander";
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
    const program = await buildProgram(words);
    if (words.filter((word) => word !== "--debug").length === 0) program.help();
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    fail(error);
  }
}
