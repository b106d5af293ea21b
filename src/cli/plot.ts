/** `tunewright plot`: the curves of runs, in the terminal or as one HTML or SVG file. */
import { basename } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ConfigError } from "../util/errors.js";
import { addExamples, type CommandModule } from "./command.js";
import type { PlotFlags } from "./plot/flags.js";

export const plotCommand: CommandModule = {
  name: "plot",
  summary: "draw the curves of runs, in the terminal or as one HTML or SVG file",
  register(command: Command): void {
    command.argument("<runs...>", "output_dir of each run, or its events.jsonl");
    command.option(
      "--metric <names>",
      "metrics to draw, separated by commas; may be repeated (default: the losses in the terminal, all metrics in a file)",
      (value: string, before: string[] = []) => [...before, ...value.split(",")],
    );
    command.option("--x <axis>", "step, epoch, hours or tokens (default: step)");
    command.option(
      "--smoothing <weight>",
      "0 to below 1: draw a moving average, as TensorBoard does, in front of the values",
      fraction,
      0,
    );
    command.option("--log", "logarithmic y axis");
    command.option("--out <file>", "write a self-contained .html or .svg file");
    command.option("--height <lines>", "lines of a chart in the terminal", lineCount, 15);
    command.option("--color", "use colors even if stdout is not a terminal");
    command.option("--no-color", "do not use colors; runs are drawn as letters");
    command.option("--json", "print the points as one JSON object on stdout");
    addExamples(
      command,
      "tunewright plot output/my-run",
      "tunewright plot output/one output/other --metric train/loss,train/grad_norm --smoothing 0.9",
      "tunewright plot output/one output/other --out curves.html",
    );
    command.action(async (runs: string[], flags: PlotFlags) => {
      checkOut(flags.out);
      const { plotRuns } = await import("./plot/plotRuns.js");
      await plotRuns(runs, flags);
    });
  },
};

function checkOut(out: string | undefined): void {
  if (out === undefined || /\.(?:html?|svg)$/i.test(basename(out))) return;
  throw new ConfigError(`--out ${out} is neither a .html nor a .svg file`, {
    why: "the ending of the name says what is written",
    todo: "name it, for example, curves.html",
  });
}

function fraction(value: string): number {
  const weight = Number(value);
  if (value.trim() !== "" && weight >= 0 && weight < 1) return weight;
  throw new InvalidArgumentError("It must be a number of at least 0 and below 1.");
}

function lineCount(value: string): number {
  const lines = Number(value);
  if (Number.isInteger(lines) && lines >= 3 && lines <= 500) return lines;
  throw new InvalidArgumentError("It must be an integer from 3 to 500.");
}
