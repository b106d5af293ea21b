/**
 * The convention that every command follows. A command is one file `src/cli/<name>.ts` that exports
 * `<name>Command: CommandModule`. That file imports nothing heavy at its top level (types, util and
 * commander only): its action does `await import("../train/index.js")` when it runs, so that
 * `--help` never loads libtorch. Add the command to the list in `main.ts`.
 */
import type { Command } from "commander";
import { stdout } from "./output.js";

/** One command of the program. */
export interface CommandModule {
  /** The word that the user types. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /**
   * Declares arguments, options, examples and the action on `command`, which already has its name
   * and summary. The action throws a `TunewrightError` to fail; `main.ts` prints it and sets the exit
   * code. With `--json` it prints exactly one object on stdout ({@link printJson}).
   */
  register(command: Command): void;
}

/** Adds the `Example:` section that each command's `--help` ends with. */
export function addExamples(command: Command, ...lines: string[]): void {
  const title = lines.length === 1 ? "Example:" : "Examples:";
  command.addHelpText("after", `\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** Prints the one object of a `--json` run on stdout. */
export function printJson(value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
