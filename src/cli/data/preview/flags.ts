/** What `data preview` can be asked for. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { builtinModelName } from "../../../util/builtin-model.js";
import { addExamples } from "../../command.js";
import { addFormatOptions, addKeyOption, countArgument, type FormatFlags } from "../options.js";

export interface PreviewFlags extends FormatFlags {
  model?: string;
  tokenizer?: string;
  template?: string;
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
  packed?: number;
  batchSize?: number;
  packing?: boolean;
  color?: boolean;
  json?: boolean;
}

/** Row numbers from 1, counted through the files. */
export interface RowRange {
  from: number;
  to: number;
}

export function declarePreview(command: Command): void {
  command
    .description("show conversations with the tokens that are learnt")
    .argument("<files...>", "data files, folders, 'patterns', data sets on the hub, addresses");
  addKeyOption(
    command,
    "--model <path>",
    `model directory, .gguf file, OWNER/NAME on the hub or ${builtinModelName}`,
  );
  addKeyOption(command, "--tokenizer <dir>", "directory with a tokenizer, instead of a model");
  addKeyOption(command, "--template <name>", "chat template; the model's own otherwise");
  addKeyOption(
    command,
    "--max-seq-length <tokens>",
    "longest sequence, as in training",
    countArgument,
  );
  addKeyOption(
    command,
    "--over-length <cut|cut_turn|drop|split>",
    "what becomes of longer conversations, as in training (default: cut)",
  );
  addKeyOption(command, "--limit <rows>", "rows to show (default: 10)", countArgument);
  addKeyOption(command, "--sample <rows>", "show so many, drawn at random", countArgument);
  addKeyOption(command, "--seed <number>", "which are drawn (default: 42)", wholeNumber);
  command.option("--row <file:line...>", "show the row of this line");
  command.option("--rows <from-to>", "show these rows, counted from 1 through the files", rowRange);
  command.option("--grep <text>", "only rows with this text, in upper or lower case");
  command.option("--role <role>", "only rows with this role; with --grep, only its messages count");
  addKeyOption(command, "--min-tokens <tokens>", "only rows of at least so many", countArgument);
  addKeyOption(command, "--max-tokens <tokens>", "only rows of at most so many", countArgument);
  addKeyOption(command, "--only-truncated", "only rows that --max-seq-length cuts");
  command.option(
    "--packed [number]",
    "show micro-batch NUMBER of a run (default: 0) as the one row that it is trained on as",
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
    "fill micro-batches with about equally many tokens, as packing: true",
  );
  addFormatOptions(command);
  command.option("--color", "colours even where stdout is no terminal");
  command.option("--no-color", "no colours");
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data preview conversations.jsonl --limit 3",
    "tunewright data preview conversations.jsonl --grep 人工智能 --role user --sample 5",
    "tunewright data preview conversations.jsonl --row conversations.jsonl:120",
    "tunewright data preview conversations.jsonl --packed 0 --batch-size 16 --max-seq-length 1024",
    "tunewright data preview conversations.jsonl --model builtin:smollm2-135m --json",
  );
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0 && value.trim() !== "") return number;
  throw new InvalidArgumentError("It must be a whole number from 0.");
}

function rowRange(value: string): RowRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(value);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match && from >= 1 && to >= from) return { from, to };
  throw new InvalidArgumentError("It must be a row's number, or two as in 5-9.");
}
