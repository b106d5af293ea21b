/** What a newcomer can do after the demo: commands to copy, and the files that are there. */
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadTrainingConfig } from "../../train/index.js";
import { shellWord } from "../shell.js";
import type { DemoPlan } from "./plan.js";

/** The command that talks to what a run has made. */
export function chatCommand(program: string, runDir: string): string {
  return `${shellWord(program)} chat --model ${shellWord(runDir)}`;
}

/** The command that shows a run on a page, with what it has made beside its base. */
export function serveCommand(program: string, runDir: string): string {
  const folder = dirname(runDir);
  const runs = folder === "output" ? "" : ` --runs ${shellWord(folder)}`;
  return `${shellWord(program)} serve${runs}`;
}

/** The `train` command that does what the demo does, with flags for what its file says otherwise. */
export function trainCommand(
  program: string,
  { configFile, overrides }: Pick<DemoPlan, "configFile" | "overrides">,
): string {
  const { config } = loadTrainingConfig(configFile);
  const inFile: Readonly<Record<string, unknown>> = { ...config };
  const flags = Object.entries(overrides)
    // It only matters where the demo has been run before; then --resume or another directory do.
    .filter(([key]) => key !== "overwrite_output_dir")
    .filter(([key, value]) => String(inFile[key]) !== String(value))
    .map(([key, value]) => `--${key} ${shellWord(String(value))}`);
  return [shellWord(program), "train", shellWord(configFile), ...flags].join(" ");
}

const meanings: readonly (readonly [string, string])[] = [
  ["adapter_model.safetensors", "the trained adapter, in PEFT's format"],
  ["adapter_config.json", "configuration of the adapter, and its base model"],
  ["tokenizer.json", "the tokenizer"],
  ["events.jsonl", "a log of all steps: loss, learning rate, tokens"],
  ["config.json", "all values of the configuration, and where they come from"],
];

/** The files of a run that matter most, a line each with size and meaning. */
export function describeRunFiles(runDir: string): string[] {
  const present = new Set(readdirSync(runDir));
  return meanings
    .filter(([name]) => present.has(name))
    .map(([name, meaning]) => {
      const bytes = statSync(join(runDir, name)).size;
      const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
      return `${name.padEnd(26)}${size.padStart(7)}  ${meaning}`;
    });
}
