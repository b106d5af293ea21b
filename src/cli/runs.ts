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

/** `45 s ago`, `12 min ago`, `3 h ago`, `5 days ago`: in the largest unit of which there are two. */
function describeAge(seconds: number): string {
  const units = [
    [86_400, "days"],
    [3600, "h"],
    [60, "min"],
  ] as const;
  const unit = units.find(([size]) => seconds >= 2 * size);
  if (!unit) return `${Math.max(0, Math.round(seconds))} s ago`;
  const [size, name] = unit;
  return `${Math.floor(seconds / size)} ${name} ago`;
}
