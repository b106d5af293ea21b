/** `tunewright check`: everything that can fail in a training run, before it runs. */
import { DataError } from "../util/errors.js";
import type { CheckReport } from "./check/report.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { countRows } from "./countRows.js";

export const checkCommand: CommandModule = {
  name: "check",
  summary: "find out what would fail in a training run, before it runs",
  register(command) {
    command
      .argument("[config]", "JSON or YAML file, as for train")
      .allowUnknownOption()
      .allowExcessArguments();
    command.addHelpText(
      "after",
      [
        "  --json       print one JSON object on stdout",
        "  --KEY VALUE  any key of the configuration, as for train",
      ].join("\n"),
    );
    addExamples(command, "tunewright check train.json --max_seq_length 2048");
    command.action(async () => {
      const json = command.args.includes("--json");
      const words = command.args.filter((word) => word !== "--json");
      const file = words[0]?.startsWith("-") === false ? words.shift() : undefined;
      const { runCheck } = await import("./check/runCheck.js");
      const report = await runCheck(file, words);
      if (json) printJson(report);
      else {
        const { formatReport } = await import("./check/report.js");
        process.stdout.write(`${formatReport(report).join("\n")}\n`);
      }
      if (!report.ok) throw refusal(report);
    });
  },
};

/** The error that the command ends with; everything it found has been printed. */
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
