/** `tunewright runs`: the runs below a directory, with their state, loss and speed. */
import { statSync } from "node:fs";
import type { RunDescription } from "../tracking/index.js";
import { ConfigError } from "../util/errors.js";
import { visibleText } from "../util/visibleText.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { stderr, stdout } from "./output.js";
import { padText, textWidth } from "./textWidth.js";

export const runsCommand: CommandModule = {
  name: "runs",
  summary: "list runs with their state, loss and speed",
  register(command) {
    command.argument(
      "[directories...]",
      "where to look, up to four levels deep (default: the current directory)",
    );
    command.option("--json", "print one JSON object on stdout");
    command.addHelpText(
      "after",
      [
        "",
        "States: running; done; stopped (by a signal, or early stopping was asked for, after saving);",
        "failed (with an error); killed (ended without a word, as after kill -9 or a power cut).",
        "The newest run comes first.",
      ].join("\n"),
    );
    addExamples(command, "tunewright runs", "tunewright runs output /data/runs --json");
    command.action(async (directories: string[], { json }: { json?: boolean }) => {
      const roots = directories.length > 0 ? directories : ["."];
      for (const root of roots) checkFolder(root);
      const { describeRun, findRuns } = await import("../tracking/index.js");
      const runs = findRuns(roots)
        .flatMap((run) => describeRun(run) ?? [])
        .sort((one, other) => other.updated - one.updated);
      if (json) printJson({ runs });
      else if (runs.length === 0) stderr.write(`No runs in ${roots.join(", ")}.\n`);
      else stdout.write(`${tableOf(runs, Date.now() / 1000).join("\n")}\n`);
    });
  },
};

function checkFolder(root: string): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ConfigError(`There is no directory ${root}`, {
    why: "runs looks for the output_dir of runs in it",
    todo: "give an existing directory",
  });
}

const heads = ["RUN", "STATE", "STEP", "LOSS", "EVAL LOSS", "TOKENS/S", "LAST EVENT", "MODEL"];

/** Lines of a table; a value that a run does not have is a dash. */
export function tableOf(runs: readonly RunDescription[], now: number): string[] {
  const rows = runs.map((run) => [
    visibleText(run.run_dir),
    run.state,
    run.total_steps === null ? String(run.step) : `${run.step}/${run.total_steps}`,
    run.loss?.toFixed(4) ?? "-",
    run.eval_loss?.toFixed(4) ?? "-",
    run.tokens_per_second === null ? "-" : String(Math.round(run.tokens_per_second)),
    describeAge(now - run.updated),
    visibleText([run.model, run.train_mode && `(${run.train_mode})`].filter(Boolean).join(" ")),
  ]);
  const table = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(...table.map((row) => textWidth(row[i]!))));
  return table.map((row) =>
    row
      .map((cell, i) => padText(cell, widths[i]!))
      .join("  ")
      .trimEnd(),
  );
}

/** `45 s ago`, `12 min ago`, `3 h ago`, `5 days ago`. */
function describeAge(seconds: number): string {
  for (const [unit, name] of [
    [172_800, "days"],
    [7200, "h"],
    [120, "min"],
  ] as const) {
    const one = name === "days" ? 86_400 : unit / 2;
    if (seconds >= unit) return `${Math.floor(seconds / one)} ${name} ago`;
  }
  return `${Math.max(0, Math.round(seconds))} s ago`;
}
