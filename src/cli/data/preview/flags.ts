/** The flags of `data preview`. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { TemplateVariables } from "../../../text/index.js";
import { builtinModelName } from "../../../util/builtin-model.js";
import { addExamples } from "../../command.js";
import {
  addFixOption,
  addFormatOptions,
  addKeyOption,
  addReasoningOption,
  addSameRoleOption,
  addSpecialTokensOption,
  addTemplateOptions,
  countArgument,
  type FormatFlags,
} from "../options.js";

export interface PreviewFlags extends FormatFlags {
  run?: string;
  model?: string;
  tokenizer?: string;
  template?: string;
  chatTemplateKwargs?: TemplateVariables;
  fixAddedTokens?: boolean;
  reasoning?: string;
  limit?: number;
  sample?: number;
  seed?: number;
  row?: string[];
  rows?: RowRange;
  grep?: string;
  role?: string;
  minTokens?: number;
  maxTokens?: number;
  onlyTruncated?: boolean;
  maxSeqLength?: number;
  overLength?: string;
  specialTokensInText?: string;
  packed?: number;
  batchSize?: number;
  packing?: boolean;
  color?: boolean;
  json?: boolean;
}

/** Row numbers from 1, counted across all files. */
export interface RowRange {
  from: number;
  to: number;
}

export function declarePreview(command: Command): void {
  command
    .description("show conversations as tokens, and which of them are trained on")
    .argument(
      "<files...>",
      "data files, folders, 'glob patterns', data sets on the hub, URLs; FILE:LINE for one row",
    );
  command.option("--run <dir>", "show rows as this run reads them: DIR is its output_dir");
  addKeyOption(
    command,
    "--model <path>",
    `model directory, .gguf file, OWNER/NAME on the hub or ${builtinModelName}`,
  );
  addKeyOption(command, "--tokenizer <dir>", "directory of a tokenizer, instead of --model");
  addTemplateOptions(command);
  addFixOption(command);
  addKeyOption(
    command,
    "--max-seq-length <tokens>",
    "maximum sequence length, as in training",
    countArgument,
  );
  addKeyOption(
    command,
    "--over-length <cut|cut_turn|drop|split>",
    "how to handle longer conversations, as in training (default: cut)",
  );
  addSpecialTokensOption(command);
  addReasoningOption(command);
  addSameRoleOption(command);
  addKeyOption(command, "--limit <rows>", "number of rows to show (default: 10)", countArgument);
  addKeyOption(command, "--sample <rows>", "show this many rows, chosen at random", countArgument);
  addKeyOption(command, "--seed <number>", "random seed of --sample (default: 42)", wholeNumber);
  command.option("--row <file:line...>", "show the row on this line");
  command.option("--rows <from-to>", "show these rows, counted from 1 across all files", rowRange);
  command.option("--grep <text>", "only rows that contain this text (ignoring case)");
  command.option(
    "--role <role>",
    "only rows with messages of this role; with --grep, search only those messages",
  );
  addKeyOption(
    command,
    "--min-tokens <tokens>",
    "only rows with at least this many tokens",
    countArgument,
  );
  addKeyOption(
    command,
    "--max-tokens <tokens>",
    "only rows with at most this many tokens",
    countArgument,
  );
  addKeyOption(command, "--only-truncated", "only rows that are truncated at --max-seq-length");
  command.option(
    "--packed [number]",
    "show micro-batch NUMBER of a run (default: 0) as the packed row that is trained on",
    wholeNumber,
  );
  addKeyOption(
    command,
    "--batch-size <rows>",
    "per_device_train_batch_size of that run (default: 8); --seed is its data_seed",
    countArgument,
  );
  command.option(
    "--packing",
    "as packing: true in training: micro-batches with about the same number of tokens",
  );
  addFormatOptions(command);
  command.option("--color", "use colors even if stdout is not a terminal");
  command.option("--no-color", "do not use colors");
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data preview conversations.jsonl --limit 3",
    "tunewright data preview conversations.jsonl --grep 人工智能 --role user --sample 5",
    "tunewright data preview conversations.jsonl:120 --run runs/first",
    "tunewright data preview conversations.jsonl --packed 0 --batch-size 16 --max-seq-length 1024",
    "tunewright data preview conversations.jsonl --model builtin:smollm2-135m --json",
  );
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0 && value.trim() !== "") return number;
  throw new InvalidArgumentError("It must be a non-negative integer.");
}

function rowRange(value: string): RowRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(value);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match && from >= 1 && to >= from) return { from, to };
  throw new InvalidArgumentError("It must be a row number or a range, for example 5-9.");
}
