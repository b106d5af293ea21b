/** `./tunewright demo`: fine-tunes the built-in model and explains each step to a newcomer. */
import type { Command } from "commander";
import { addExamples, type CommandModule, printJson, stoppedExitCode } from "./command.js";
import { addKeyOption, camelOptions } from "./data/options.js";

interface DemoFlags {
  quick?: boolean;
  outputDir?: string;
  json?: boolean;
}

export const demoCommand: CommandModule = {
  name: "demo",
  summary: "fine-tune the built-in model on the built-in data and see the difference",
  register(command: Command): void {
    command.option(
      "--quick",
      "the same story in about a minute: fewer conversations and questions",
    );
    addKeyOption(command, "--output-dir <dir>", "directory of the run (default: output/demo)");
    command.option("--json", "print one JSON object on stdout; the story goes to stderr");
    addExamples(command, "./tunewright demo", "./tunewright demo --quick --json");
    command.action(async () => {
      const flags = camelOptions(command.opts<DemoFlags>());
      const { requireLearnt, runDemo } = await import("./demo/index.js");
      const outcome = await runDemo({
        quick: flags.quick ?? false,
        outputDir: flags.outputDir ?? "output/demo",
        stream: flags.json ? process.stderr : process.stdout,
      });
      if (outcome.stopped) {
        process.exitCode = stoppedExitCode;
        return;
      }
      if (flags.json) printJson(outcome.result);
      requireLearnt(outcome.result);
    });
  },
};
