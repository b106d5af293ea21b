/** Entry of the `tunewright` program: finds the command, runs it, turns errors into exit codes. */
import { Command } from "commander";
import { commands } from "./commands.js";
import { reportError } from "./errors.js";
import { packageVersion } from "./package.js";

const debug = process.argv.includes("--debug");

/** The program with the one command that `words` ask for, or with all of them. */
async function buildProgram(words: readonly string[]): Promise<Command> {
  const program = new Command("tunewright")
    .description("Fine-tune a language model and see what changed.")
    .version(packageVersion())
    .option("--debug", "show the stack trace of an error")
    .showHelpAfterError("  to do: run the same command with --help")
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

/** Runs one command line (without node and script) and returns the exit code. */
async function main(words: readonly string[]): Promise<void> {
  const program = await buildProgram(words);
  if (words.filter((word) => word !== "--debug").length === 0) program.help();
  await program.parseAsync(words, { from: "user" });
}

function fail(error: unknown): void {
  const { lines, exitCode } = reportError(error, debug);
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode = exitCode;
}

// Not a failure: the reader closed the pipe (`tunewright … | head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.on("unhandledRejection", (error) => {
  fail(error);
  process.exit();
});

await main(process.argv.slice(2)).catch(fail);
