/** `tunewright export`: writes a model, with its adapters, for other programs. */
import { InvalidArgumentError, Option } from "commander";
import type { GgufFileType } from "../models/index.js";
import { ConfigError } from "../util/errors.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { exportForms } from "./export/forms.js";
import type { ExportFlags } from "./export/writeForm.js";
import { addModelOptions, addWeightOptions } from "./modelOut/options.js";
import { stderr, stdout } from "./output.js";

const ggufTypes = [
  "F32",
  "F16",
  "BF16",
  "Q8_0",
  "Q4_0",
  "Q4_K_M",
] as const satisfies readonly GgufFileType[];

function ggufTypeOf(given: string): GgufFileType {
  const type = ggufTypes.find((one) => one === given.toUpperCase());
  if (type) return type;
  throw new InvalidArgumentError(`Allowed choices are ${ggufTypes.join(", ")}.`);
}

export const exportCommand: CommandModule = {
  name: "export",
  summary: "write a model, with its adapters, for other programs",
  register(command) {
    addModelOptions(command, "where it is written");
    command.addOption(
      new Option("--to <form>", "what is written")
        .choices(Object.keys(exportForms))
        .makeOptionMandatory(),
    );
    command.addOption(
      new Option(
        "--as <family>",
        "write it as another family, which more programs know: baichuan, internlm2",
      ).choices(["llama"]),
    );
    command.addOption(
      new Option(
        "--type <type>",
        `type of a GGUF file: ${ggufTypes.join(", ")} (default: F16)`,
      ).argParser(ggufTypeOf),
    );
    addWeightOptions(command);
    command.option(
      "--no-merge",
      "--to ollama: adapters in a file of their own (ADAPTER), the model as it is",
    );
    command.option("--no-compare", "do not compare the logits of what was read and written");
    command.option("--force", "replace an older export of the same name", false);
    command.option("--json", "print one JSON object on stdout");
    const forms = Object.entries(exportForms).map(
      ([name, { summary }]) => `  ${name.padEnd(13)}${summary}`,
    );
    command.addHelpText("after", ["", "Forms:", ...forms].join("\n"));
    addExamples(
      command,
      "tunewright export --model output/my-run --to safetensors --out models/mine",
      "tunewright export --model Baichuan2-7B-Base --adapter output/my-run --to safetensors --as llama --out models/mine",
      "tunewright export --model output/my-run --to gguf --type Q4_K_M --out models/mine.gguf",
      "tunewright export --model output/my-run --to ollama --type Q8_0 --out models/mine-ollama",
      "tunewright export --model output/my-run --to gguf-lora --out models/mine-lora.gguf",
      "tunewright export --model mine.gguf --to safetensors --out models/mine --dtype bfloat16",
    );
    command.action(async ({ json, ...flags }: ExportFlags & { json?: boolean }) => {
      const { locateModel } = await import("../generate/index.js");
      if (!flags.merge && flags.to !== "ollama") {
        throw new ConfigError(`--no-merge does not go with --to ${flags.to}`, {
          why: "it is for a Modelfile, which names a model and an adapter",
          todo: "leave it out, or write the adapters alone with --to gguf-lora",
        });
      }
      const write = await exportForms[flags.to]!.load();
      const place = await locateModel(flags.model, flags.adapter);
      const report = await write(place, flags, (line) => stderr.write(`${line}\n`));
      if (json) printJson({ to: flags.to, out: report.out, ...report.json });
      else stdout.write(`${report.lines.join("\n")}\n`);
    });
  },
};
