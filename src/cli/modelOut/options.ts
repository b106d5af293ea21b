/** Options of the commands that write a model. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AdapterName } from "../../generate/index.js";
import type { DType } from "../../tensor/index.js";
import { adapterForm, collectAdapters } from "../adapterOption.js";

/** What {@link addModelOptions} adds, and {@link addWeightOptions}. */
export interface ModelOutFlags {
  model: string;
  adapter: AdapterName[];
  out: string;
  force: boolean;
  dtype?: DType;
  /** Bytes. */
  /** Bytes of the largest weight file; default {@link SHARD_BYTES}. */
  maxShardSize?: number;
  compare: boolean;
  /** Files with figures for the model card. */
  results?: string[];
}

/** Adds which model is written, and where. @param whole what `--out` is for */
export function addModelOptions(command: Command, whole: string): void {
  command.requiredOption(
    "--model <dir>",
    "model directory, .gguf file, OWNER/NAME on the hub, or run directory of an adapter",
  );
  command.addOption(
    new Option(adapterForm, "directory or OWNER/NAME of an adapter; several lie on each other")
      .argParser(collectAdapters)
      .default([], "those of the run that --model names"),
  );
  command.requiredOption("--out <path>", whole);
  command.option(
    "--results <file>",
    "results.json of an evaluation, for the model card (repeatable)",
    (file: string, before: string[] = []) => [...before, file],
  );
}

/** Adds the type of the weights and the size of their files. */
export function addWeightOptions(command: Command): void {
  command.addOption(
    new Option("--dtype <type>", "type of all weights (default: each keeps its own)").choices([
      "float32",
      "bfloat16",
      "float16",
    ]),
  );
  command.addOption(
    new Option("--max-shard-size <size>", "largest weight file, such as 5GB or 500MB")
      .argParser(bytesOf)
      .default(undefined, "5GB"),
  );
}

/** Of the largest weight file, where `--max-shard-size` says nothing. */
export const SHARD_BYTES = 5e9;

const units = { MB: 1e6, GB: 1e9, MIB: 2 ** 20, GIB: 2 ** 30 } as const;

function bytesOf(value: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(MB|GB|MiB|GiB)$/i.exec(value) ?? [];
  const bytes = Number(count) * units[unit?.toUpperCase() as keyof typeof units];
  if (bytes >= 1e6) return bytes;
  throw new InvalidArgumentError("It must be a size of at least 1MB, such as 500MB or 5GB.");
}
