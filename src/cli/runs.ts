/** `tunewright runs`: the runs below a directory, with their state, loss and speed. */
import { realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { RunDescription } from "../tracking/runs/index.js";
import { ConfigError } from "../util/errors.js";
import { brokenLink, statsOf } from "../util/missingPath.js";
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
        "The newest run comes first. A terminal that is too narrow shows fewer columns.",
      ].join("\n"),
    );
    addExamples(command, "tunewright runs", "tunewright runs output /data/runs --json");
    command.action(async (directories: string[], { json }: { json?: boolean }) => {
      const roots = directories.length > 0 ? directories : ["."];
      for (const root of roots) checkFolder(root);
      const { describeRun, findRuns } = await import("../tracking/runs/index.js");
      const looked = findRuns(roots).map(describeRun);
      const runs = looked
        .flatMap(({ description }) => description ?? [])
        .sort((one, other) => other.updated - one.updated);
      if (json) printJson({ runs });
      else if (runs.length === 0)
        stderr.write(`No runs in ${roots.map((root) => resolve(root)).join(", ")}\n`);
      else printTable(runs);
      for (const { trouble } of looked) {
        if (trouble) stderr.write(`tunewright: ${visibleText(trouble)}\n`);
      }
    });
  },
};

function checkFolder(root: string): void {
  if (statsOf(root)?.isDirectory()) return;
  throw new ConfigError(`There is no directory ${root}`, {
    why: brokenLink(root) ?? "runs looks for the output_dir of runs in it",
    todo: "give an existing directory",
  });
}

const heads = [
  "RUN",
  "NAME",
  "STATE",
  "STEP",
  "LOSS",
  "EVAL LOSS",
  "TOKENS/S",
  "LAST EVENT",
  "MODEL",
];

/** Columns that a narrow terminal does without, the first one first. */
const lessImportant = ["MODEL", "LAST EVENT", "TOKENS/S", "EVAL LOSS", "NAME"];

function printTable(runs: readonly RunDescription[]): void {
  const room = stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY;
  const { lines, leftOut } = tableOf(runs, Date.now() / 1000, room);
  stdout.write(`${lines.join("\n")}\n`);
  if (leftOut.length > 0) stderr.write(`(no room for ${leftOut.join(", ")})\n`);
}

/**
 * Lines of a table; a value that a run does not have is a dash.
 * @param room columns of the terminal
 */
export function tableOf(
  runs: readonly RunDescription[],
  now: number,
  room = Number.POSITIVE_INFINITY,
): { lines: string[]; leftOut: string[] } {
  const rows = runs.map((run) => [
    visibleText(run.run_dir),
    isNamed(run) ? visibleText(run.name) : "",
    run.state,
    run.total_steps === null ? String(run.step) : `${run.step}/${run.total_steps}`,
    run.loss?.toFixed(4) ?? "-",
    run.eval_loss?.toFixed(4) ?? "-",
    run.tokens_per_second === null ? "-" : String(Math.round(run.tokens_per_second)),
    describeAge(now - run.updated),
    visibleText([run.model, run.train_mode && `(${run.train_mode})`].filter(Boolean).join(" ")),
  ]);
  const table = [heads, ...rows];
  const widths = heads.map((_, i) =>
    table.reduce((most, row) => Math.max(most, textWidth(row[i]!)), 0),
  );
  const shown = heads.map((_, i) => i).filter((i) => heads[i] !== "NAME" || runs.some(isNamed));
  const isTooWide = () => shown.reduce((sum, i) => sum + widths[i]! + 2, -2) > room;
  const leftOut = lessImportant.filter((head) => {
    const at = shown.indexOf(heads.indexOf(head));
    return at >= 0 && isTooWide() && shown.splice(at, 1).length > 0;
  });
  const lines = table.map((row) =>
    shown
      .map((i) => padText(row[i]!, widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  return { lines, leftOut };
}

/** Whether it is called otherwise than its directory. */
function isNamed({ name, run_dir: directory }: RunDescription): boolean {
  return name !== basename(realpathSync(directory));
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
