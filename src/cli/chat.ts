/** `tunewright chat`: talk to a model, or replay a list of questions. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "../util/errors.js";
import type { ChatFlags } from "./chat/flags.js";
import { addExamples, type CommandModule } from "./command.js";
import { addKeyOption, camelOptions } from "./data/options.js";

export const chatCommand: CommandModule = {
  name: "chat",
  summary: "talk to a model, or replay a list of questions",
  register(command) {
    command.requiredOption(
      "--model <dir>",
      "model directory, .gguf file, OWNER/NAME on the hub, builtin:smollm2-135m, or the directory of an adapter's run",
    );
    command.option("--adapter <dir>", "directory of a LoRA adapter");
    command.option(
      "--script <file>",
      "replay user turns: a JSON array of texts, or one turn a line (- reads stdin)",
    );
    command.option("--json", "with --script: print one JSON object on stdout");
    command.option("--system <text>", "system message");
    command.option("--template <name>", "chat template (default: the run's, or the model's own)");
    command.option("--dtype <type>", "float32, bfloat16 or float16 (default: that of the files)");
    command.option("--device <device>", "cpu or cuda (default: the accelerator, if there is one)");
    addGenerationOptions(command);
    command.addHelpText(
      "after",
      [
        "",
        "Without a choice of yours the model's generation_config.json decides; without that, answers",
        "are greedy. A temperature above 0, or --top-k, --top-p or --min-p alone, turns sampling on,",
        "then with transformers' defaults: temperature 1, top_k 50. --temperature 0 is greedy.",
        "Ctrl-C stops an answer; /help in the conversation lists its commands.",
      ].join("\n"),
    );
    addExamples(
      command,
      "tunewright chat --model builtin:smollm2-135m",
      "tunewright chat --model output/my-run --temperature 0.7 --top-p 0.9",
      "tunewright chat --model builtin:smollm2-135m --script questions.json --json",
    );
    command.action(async (options: object) => {
      const flags = camelOptions(options) as ChatFlags;
      const piped = process.stdin.isTTY !== true;
      if (flags.json && flags.script === undefined) {
        if (!piped) {
          throw new ConfigError("--json needs --script FILE", {
            why: "a conversation at the terminal has no end to print it at",
          });
        }
        flags.script = "-";
      }
      const { runChat } = await import("./chat/runChat.js");
      await runChat(flags);
    });
  },
};

function addGenerationOptions(command: Command): void {
  addKeyOption(command, "--max-new-tokens <n>", "most tokens of an answer (default: 512)", number);
  addKeyOption(command, "--temperature <t>", "0 is greedy", number);
  addKeyOption(command, "--top-k <k>", "choose from the k most probable tokens", number);
  addKeyOption(command, "--top-p <p>", "choose from the most probable mass p", number);
  addKeyOption(
    command,
    "--min-p <p>",
    "drop tokens below p times the best one's probability",
    number,
  );
  addKeyOption(command, "--repetition-penalty <x>", "above 1: say things again less often", number);
  for (const flags of ["--no-repeat-ngram-size <n>", "--no_repeat_ngram_size <n>"]) {
    const option = new Option(flags, "never say the same n tokens twice").argParser(number);
    option.negate = false; // Commander takes --no-… for the opposite of another option.
    command.addOption(option.hideHelp(flags.includes("_")));
  }
  addKeyOption(command, "--seed <n>", "the same seed gives the same text (default: drawn)", number);
  command.option(
    "--stop <text>",
    "text that ends an answer; can be given again (\\n is a line break)",
    (text: string, before: string[] = []) => [...before, text.replaceAll("\\n", "\n")],
  );
}

function number(value: string): number {
  const result = Number(value);
  if (value.trim() === "" || Number.isNaN(result)) {
    throw new InvalidArgumentError("It must be a number.");
  }
  return result;
}
