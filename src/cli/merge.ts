/** `tunewright merge`: takes adapters into the weights of their model. */
import { addExamples, type CommandModule, printJson } from "./command.js";
import { addModelOptions, addWeightOptions, type ModelOutFlags } from "./modelOut/options.js";
import { describeModel } from "./modelOut/report.js";
import { stderr, stdout } from "./output.js";

export const mergeCommand: CommandModule = {
  name: "merge",
  summary: "take an adapter into the weights of its model",
  register(command) {
    addModelOptions(command, "folder for the merged model");
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
    command.action(async ({ json, ...flags }: ModelOutFlags & { json?: boolean }) => {
      const { runMerge } = await import("./merge/runMerge.js");
      const report = await runMerge(flags, (line) => stderr.write(`${line}\n`));
      if (json) printJson(report);
      else stdout.write(`${describeModel(report).join("\n")}\n`);
    });
  },
};
