/** `tunewright merge`: takes adapters into the weights of their model. */
import { Option } from "commander";
import { addExamples, type CommandModule, printJson } from "./command.js";
import type { MergeFlags, MergeReport } from "./merge/runMerge.js";
import { addWeightOptions } from "./modelOut/options.js";
import { stderr, stdout } from "./output.js";

export const mergeCommand: CommandModule = {
  name: "merge",
  summary: "take an adapter into the weights of its model",
  register(command) {
    command.requiredOption(
      "--model <dir>",
      "model directory, .gguf file, OWNER/NAME on the hub, or run directory of an adapter",
    );
    command.addOption(
      new Option(
        "--adapter <dir>",
        "directory or OWNER/NAME of an adapter; several lie on each other",
      )
        .argParser((dir: string, before: string[]) => [...before, dir])
        .default([], "those of the run that --model names"),
    );
    command.requiredOption("--out <dir>", "folder for the merged model");
    addWeightOptions(command);
    command.option("--no-compare", "do not compare the logits of adapter and merged model");
    command.option("--force", "replace a model of the same name", false);
    command.option("--json", "print one JSON object on stdout");
    command.addHelpText(
      "after",
      [
        "",
        "Adapters are merged into the weights of the files, also where they were trained on 4-bit ones:",
        "products are added in float32 and rounded once. One layer is in memory at a time. Then the",
        "logits of some texts are computed with the adapter and with the merged model, and the largest",
        "difference is printed.",
      ].join("\n"),
    );
    addExamples(
      command,
      "tunewright merge --model baichuan-7B --adapter output/my-run --out models/mine",
      "tunewright merge --model output/my-run --out models/mine --dtype bfloat16",
    );
    command.action(async ({ json, ...flags }: MergeFlags & { json?: boolean }) => {
      const { runMerge } = await import("./merge/runMerge.js");
      const report = await runMerge(flags, (line) => stderr.write(`${line}\n`));
      if (json) printJson(report);
      else stdout.write(`${describe(report).join("\n")}\n`);
    });
  },
};

function describe({ out, weights, bytes, comparison }: MergeReport): string[] {
  const size = bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
  const written = `${out}: ${weights} weights, ${size}`;
  if (!comparison) return [written];
  const { largest_difference: difference, largest_logit: logit, ...counts } = comparison;
  return [
    written,
    `The logits of adapter and merged model differ by at most ${difference.toPrecision(2)} (the largest is ${logit.toPrecision(3)}).`,
    `The same next token is the most likely at ${counts.same_choice} of ${counts.tokens} places in ${counts.rows} texts.`,
  ];
}
