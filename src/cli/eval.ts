/** `tunewright eval`: scores models on benchmarks. */
import { type Command, InvalidArgumentError } from "commander";
import { addExamples, type CommandModule } from "./command.js";
import { addFixOption, addKeyOption, addTemplateVariables, camelOptions } from "./data/options.js";
import type { EvalFlags } from "./eval/flags.js";
import { registerReport } from "./eval/report.js";
import { addAdapterOption, addDeviceOptions, modelPlaces } from "./modelOptions.js";

export const evalCommand: CommandModule = {
  name: "eval",
  summary: "score a model on benchmarks",
  register(command) {
    addModelOptions(command);
    addTaskOptions(command);
    addPromptOptions(command);
    addResultOptions(command);
    registerReport(command.command("report"));
    command.addHelpText(
      "after",
      [
        "",
        "Scores are log-likelihoods of the choices, or generated answers, as the protocol says. Prompts are",
        "plain text unless --apply-chat-template is given. An evaluation that was interrupted goes on where",
        "it was when the same command is run again.",
      ].join("\n"),
    );
    addExamples(
      command,
      "tunewright eval --list",
      "tunewright eval --model builtin:smollm2-135m --tasks mmlu_anatomy --data benchmarks --output results/small",
      "tunewright eval --model output/my-run --base baichuan-7B --tasks mmlu --data benchmarks --output results/both",
      "tunewright eval --model baichuan-7B --adapter output/my-run --tasks mmlu,ceval-valid --num-fewshot 5 \\",
      "    --data benchmarks --output results/my-run",
    );
    command.action(async (options: object) => {
      const flags = camelOptions(options) as EvalFlags;
      if (flags.list) {
        const { listTasks } = await import("./eval/list.js");
        listTasks(flags);
        return;
      }
      const { runEval } = await import("./eval/runEval.js");
      await runEval(flags);
    });
  },
};

function addModelOptions(command: Command): void {
  command.option("--model <dir>", modelPlaces);
  addAdapterOption(command);
  command.option(
    "--base <dir>",
    "another model, such as that before tuning: both are asked the same questions and compared",
  );
  addFixOption(command);
  addDeviceOptions(command);
}

function addTaskOptions(command: Command): void {
  command.option("--list", "print the names of all tasks and groups, by benchmark");
  command.option(
    "--tasks <names>",
    "tasks and groups, such as mmlu,ceval-valid_law; * stands for anything; TASK.yaml is one of your own; dialogue:FILE replays user turns",
    (text: string, before: string[] = []) => [...before, ...namesIn(text)],
  );
  command.option(
    "--data <dir>",
    "directory of the benchmarks' files or archives, as their publishers offer them (default: download)",
  );
  command.option(
    "--protocol <lm-eval|official>",
    "whose rules: those of lm-evaluation-harness, or of each benchmark's publishers (default: lm-eval)",
  );
  addKeyOption(
    command,
    "--num-fewshot <n>",
    "examples in each prompt (default: the task's own number)",
    wholeNumber,
  );
  command.option(
    "--limit <n>",
    "only the first n questions of each task, or below 1 a share",
    limit,
  );
  command.option("--seed <n>", "seed of the examples (default: 1234)", wholeNumber);
  command.option(
    "--seeds <list>",
    "several draws of examples, such as 1,2,3: each draw's scores, their mean and spread",
    (text: string) => namesIn(text).map(wholeNumber),
  );
  command.option(
    "--parity",
    "follow lm-evaluation-harness even where it may show the answer among the examples",
  );
  addKeyOption(
    command,
    "--allow-code-execution",
    "run programs that the model writes, in a sandbox, as HumanEval needs it",
  );
}

function addPromptOptions(command: Command): void {
  addKeyOption(
    command,
    "--apply-chat-template [name]",
    "show prompts as conversations, by the model's chat template or by that of this name",
  );
  addKeyOption(
    command,
    "--fewshot-as-multiturn",
    "with --apply-chat-template: each example is a turn of the conversation",
  );
  command.option(
    "--thinking <on|off>",
    "with --apply-chat-template: set enable_thinking, for models that may think before they answer",
  );
  addTemplateVariables(command);
  command.option("--system <text>", "instruction before the tasks' own");
}

function addResultOptions(command: Command): void {
  command.option("--output <dir>", "directory for results.json and samples_TASK.jsonl");
  command.option(
    "--published <task=points>",
    "set a published score beside ours, such as mmlu=54.0; may be repeated",
    collect,
  );
  command.option(
    "--contamination <file>",
    "look for the questions in training data, in any form that training takes; may be repeated; needs no model",
    collect,
  );
  command.option("--overwrite", "begin anew in a directory that holds another evaluation");
  command.option(
    "--submission <file>",
    "answer C-Eval's test split, which has no answers, and write the JSON that its site scores",
  );
  command.option("--json", "print the results as one JSON object on stdout");
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function namesIn(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError("It must be a whole number, not below 0.");
}

function limit(value: string): number {
  const number = Number(value);
  if (value.trim() !== "" && number > 0 && (number < 1 || Number.isSafeInteger(number)))
    return number;
  throw new InvalidArgumentError("It must be a whole number, or a share between 0 and 1.");
}
