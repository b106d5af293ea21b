/** `./tunewright train`: fine-tunes a model according to a configuration file and flags. */
import type { Command } from "commander";
import { packageRoot } from "../util/packageRoot.js";
import { stoppedExitCode } from "../util/signals.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { stderr, stdout } from "./output.js";
import { programName } from "./shell.js";
import { describeStoppedRun } from "./stoppedRun.js";

export const trainCommand: CommandModule = {
  name: "train",
  summary: "fine-tune a model according to a configuration file and flags",
  register(command: Command): void {
    command
      .argument(
        "[config]",
        "configuration file (JSON or YAML): ours, or of Firefly, LLaMA-Factory, axolotl, TRL, ms-swift",
      )
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .option("-h, --help", "show this text and all configuration keys")
      .action(async (_config, options: { help?: boolean }) => {
        if (options.help) {
          const { renderConfigHelp } = await import("../train/config/index.js");
          command.outputHelp();
          stdout.write(`\n${renderConfigHelp()}\n`);
          return;
        }
        await train(command.args);
      });
    command.addHelpText(
      "after",
      [
        "  --resume [DIR]  resume from the newest checkpoint in output_dir, or from DIR",
        "  --json          print the summary as one JSON object on stdout",
        "  --KEY VALUE     any configuration key, in kebab or snake case",
      ].join("\n"),
    );
    addExamples(
      command,
      "./tunewright train examples/firefly.json --model_name_or_path builtin:smollm2-135m --train_file data.jsonl",
      "./tunewright train config.yaml --resume",
    );
  },
};

/** Splits the words after `train` into the file, this command's own flags and configuration flags. */
function splitWords(words: readonly string[]): { file?: string; json: boolean; flags: string[] } {
  const rest = words.filter((word) => word !== "--json");
  const [first] = rest;
  const file = first !== undefined && !first.startsWith("-") ? first : undefined;
  return {
    ...(file === undefined ? {} : { file }),
    json: rest.length < words.length,
    flags: (file === undefined ? rest : rest.slice(1)).slice(),
  };
}

async function train(words: readonly string[]): Promise<void> {
  const { file, json, flags } = splitWords(words);
  const { loadTrainingConfig } = await import("../train/config/index.js");
  const loaded = loadTrainingConfig(file, flags);
  const { createProgress, runTraining } = await import("../train/index.js");
  const { openTrackers } = await import("../tracking/index.js");
  const progress = createProgress({ stream: stderr, disabled: loaded.config.disable_tqdm });
  const say = (line: string) => stderr.write(`tunewright: ${line}\n`);
  const trackers = openTrackers(loaded.config, { say });
  try {
    const { reason, summary } = await runTraining(loaded, {
      readers: [progress.handle, ...trackers.readers],
      onTick: progress.handle,
      betweenAttempts: trackers.close,
      say,
    });
    progress.close();
    if (json) printJson({ reason, ...summary });
    if (reason === "stopped") {
      const { save_only_model: saveOnlyModel, overwrite_output_dir: overwrites } = loaded.config;
      const typed = words.filter((word) => word !== "--json");
      const run = { steps: summary.steps, saveOnlyModel, overwrites };
      stderr.write(`${describeStoppedRun(programName(packageRoot()), typed, run)}\n`);
      process.exitCode = stoppedExitCode;
    }
  } finally {
    progress.close();
    await trackers.close();
  }
}
