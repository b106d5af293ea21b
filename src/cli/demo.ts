/** `./tunewright demo`: fine-tunes the built-in model and explains each step to a newcomer. */
import type { Command } from "commander";
import { ConfigError } from "../util/errors.js";
import { stoppedExitCode } from "../util/signals.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { addKeyOption, camelOptions } from "./data/options.js";
import { openStage, stderr } from "./output.js";

interface DemoFlags {
  full?: boolean;
  quick?: boolean;
  outputDir?: string;
  json?: boolean;
}

export const demoCommand: CommandModule = {
  name: "demo",
  summary: "fine-tune the built-in model on the built-in data and see the difference",
  register(command: Command): void {
    command.option(
      "--full",
      "train for all 138 steps, however long they take (default: as many as fit into 6 minutes)",
    );
    command.option(
      "--quick",
      "a shorter version, about a minute: fewer conversations and questions",
    );
    addKeyOption(command, "--output-dir <dir>", "directory of the run (default: output/demo)");
    command.option("--json", "print one JSON object on stdout; everything else goes to stderr");
    addExamples(
      command,
      "./tunewright demo",
      "./tunewright demo --full",
      "./tunewright demo --quick --json",
    );
    command.action(async () => {
      const flags = camelOptions(command.opts<DemoFlags>());
      if (flags.full && flags.quick) {
        throw new ConfigError("--full and --quick cannot be combined", {
          todo: "Give one of them.",
        });
      }
      const { requireLearnt, runDemo } = await import("./demo/index.js");
      const outcome = await runDemo({
        size: flags.quick ? "quick" : flags.full ? "full" : "fitted",
        outputDir: flags.outputDir ?? "output/demo",
        stream: flags.json ? stderr : openStage(),
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
