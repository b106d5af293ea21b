/** `tunewright check`: find what would make a training run fail, before it starts. */

import { countRows } from "../util/countRows.js";
import { ConfigError, DataError } from "../util/errors.js";
import type { CheckReport } from "./check/report.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { stdout } from "./output.js";

export const checkCommand: CommandModule = {
  name: "check",
  summary: "find what would make a training run fail, before it starts",
  register(command) {
    command
      .argument("[config]", "configuration file (JSON or YAML), as for train")
      .allowUnknownOption()
      .allowExcessArguments();
    command.addHelpText(
      "after",
      [
        "  --json       print one JSON object on stdout",
        "  --gpu SIZE   estimate for a GPU with so much memory, such as 24GB, which need not be here",
        "  --KEY VALUE  any configuration key, as for train",
      ].join("\n"),
    );
    addExamples(command, "tunewright check train.json --max_seq_length 2048");
    command.action(async () => {
      const json = command.args.includes("--json");
      const { words, gpu } = takeGpu(command.args.filter((word) => word !== "--json"));
      const file = words[0]?.startsWith("-") === false ? words.shift() : undefined;
      const { runCheck } = await import("./check/runCheck.js");
      const report = await runCheck(file, words, gpu);
      if (json) printJson(report);
      else {
        const { formatReport } = await import("./check/report.js");
        stdout.write(`${formatReport(report).join("\n")}\n`);
      }
      if (!report.ok) throw refusal(report);
    });
  },
};

/** The words without `--gpu SIZE`, and the size. */
function takeGpu(given: readonly string[]): { words: string[]; gpu: string | undefined } {
  const words = [...given];
  const at = words.findIndex((word) => word === "--gpu" || word.startsWith("--gpu="));
  if (at < 0) return { words, gpu: undefined };
  const [word = ""] = words.splice(at, 1);
  const [gpu] = word === "--gpu" ? words.splice(at, 1) : [word.slice("--gpu=".length)];
  if (gpu) return { words, gpu };
  throw new ConfigError("--gpu needs a size", { todo: "write for example --gpu 24GB" });
}

/** The error that the command ends with; all findings have been printed before. */
function refusal(report: CheckReport): DataError {
  const [first] = report.data.flatMap((part) => part.problems);
  if (first) {
    const bad = report.data.reduce((sum, part) => sum + part.bad_rows, 0);
    return new DataError(`${countRows(bad)} cannot be trained on`, {
      why: `the first is ${first.file}:${first.line}: ${first.what}`,
      ...(first.todo === undefined ? {} : { todo: first.todo }),
    });
  }
  const { what, why, todo } = report.findings.find((finding) => finding.blocking)!;
  return new DataError(what, {
    ...(why === undefined ? {} : { why }),
    ...(todo === undefined ? {} : { todo }),
  });
}
