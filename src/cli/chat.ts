/** `tunewright chat`: chat with a model, or replay a list of user turns. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "../util/errors.js";
import type { ChatFlags } from "./chat/flags.js";
import { addExamples, type CommandModule } from "./command.js";
import { addFixOption, addKeyOption, addTemplateOptions, camelOptions } from "./data/options.js";
import { addAdapterOption, addDeviceOptions, modelPlaces } from "./modelOptions.js";

export const chatCommand: CommandModule = {
  name: "chat",
  summary: "chat with a model, or replay a list of user turns",
  register(command) {
    command.requiredOption("--model <dir>", modelPlaces);
    addAdapterOption(command);
    command.option(
      "--script <file>",
      "replay user turns: a JSON array of strings, or one turn per line (- reads stdin)",
    );
    command.option("--json", "with --script: print one JSON object on stdout");
    command.option("--system <text>", "system message");
    addTemplateOptions(command, "that of the run, or the model's own");
    addFixOption(command);
    addDeviceOptions(command);
    addGenerationOptions(command);
    command.addHelpText(
      "after",
      [
        "",
        "Generation settings that you do not give are taken from the model's generation_config.json; if",
        "there is none, decoding is greedy. A temperature above 0, or --top-k, --top-p or --min-p alone,",
        "turns on sampling, with transformers' defaults for the rest: temperature 1, top_k 50.",
        "--temperature 0 is greedy. Ctrl-C stops an answer. Type /help to list the commands of the chat.",
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
          throw new ConfigError("--json requires --script FILE", {
            why: "an interactive chat has no defined end at which the result could be printed",
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
  addKeyOption(
    command,
    "--max-new-tokens <n>",
    "maximum number of tokens per answer (default: 512)",
    number,
  );
  addKeyOption(command, "--temperature <t>", "sampling temperature; 0 is greedy", number);
  addKeyOption(command, "--top-k <k>", "sample from the k most likely tokens", number);
  addKeyOption(
    command,
    "--top-p <p>",
    "sample from the most likely tokens whose probabilities sum to p",
    number,
  );
  addKeyOption(
    command,
    "--min-p <p>",
    "exclude tokens less likely than p times the most likely one",
    number,
  );
  addKeyOption(
    command,
    "--repetition-penalty <x>",
    "above 1: penalize tokens that have occurred before",
    number,
  );
  addKeyOption(
    command,
    "--presence-penalty <x>",
    "-2 to 2; above 0: penalize tokens that the answer has already",
    number,
  );
  addKeyOption(
    command,
    "--frequency-penalty <x>",
    "-2 to 2; above 0: penalize tokens as often as the answer has them",
    number,
  );
  for (const flags of ["--no-repeat-ngram-size <n>", "--no_repeat_ngram_size <n>"]) {
    const option = new Option(flags, "never repeat a sequence of n tokens").argParser(number);
    option.negate = false; // Commander would treat --no-… as the negation of another option.
    command.addOption(option.hideHelp(flags.includes("_")));
  }
  addKeyOption(
    command,
    "--seed <n>",
    "random seed; the same seed gives the same text (default: random)",
    number,
  );
  command.option(
    "--stop <text>",
    "text at which an answer ends; may be repeated (\\n means a line break)",
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
