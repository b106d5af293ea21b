/** `tunewright data convert`: any known format to canonical `messages` rows. */
import type { Command } from "commander";
import type { ConvertResult } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { addExamples, printJson } from "../command.js";
import {
  addFormatOptions,
  addKeyOption,
  camelOptions,
  type FormatFlags,
  oneOf,
  sourceOptions,
} from "./options.js";
import { progressLine } from "./progressLine.js";

interface ConvertFlags extends FormatFlags {
  out: string;
  onError?: string;
  json?: boolean;
}

export function registerConvert(command: Command): void {
  command
    .description("write conversations of any known format as canonical messages rows")
    .argument("<files...>", "data files")
    .requiredOption("--out <file>", "JSONL file to write");
  addKeyOption(
    command,
    "--on-error <skip|fail>",
    "leave out rows that are refused, listing them in OUT.rejected.jsonl, or stop (default: skip)",
  );
  addFormatOptions(command);
  command.option("--json", "print one JSON object on stdout");
  addExamples(command, "tunewright data convert moss.jsonl --out messages.jsonl --json");
  command.action((files: string[]) => convert(files, camelOptions(command.opts<ConvertFlags>())));
}

async function convert(files: readonly string[], flags: ConvertFlags): Promise<void> {
  const { convertFiles } = await import("../../data/index.js");
  const progress = progressLine();
  let result: ConvertResult;
  try {
    result = await convertFiles(files, flags.out, {
      ...sourceOptions(flags),
      onError: oneOf(flags.onError, "--on-error", ["skip", "fail"]),
      onRows: (rows, total) => progress.show(`${rows} of ${total} rows`),
    });
  } finally {
    progress.clear();
  }
  const { rowsIn, rowsOut, rowsRejected, problems, rejectedFile } = result;
  if (flags.json) {
    printJson({ rows_in: rowsIn, rows_out: rowsOut, rows_rejected: rowsRejected });
  } else {
    process.stdout.write(`${rowsOut} of ${rowsIn} rows written to ${flags.out}\n`);
  }
  for (const problem of problems) {
    process.stderr.write(`rejected: ${problem.message}${problem.why ? ` (${problem.why})` : ""}\n`);
  }
  if (rejectedFile) {
    process.stderr.write(`${rowsRejected} rejected rows are listed in ${rejectedFile}\n`);
  }
  if (rowsOut === 0) {
    throw new DataError("no row could be converted", {
      why: "every row was refused",
      todo: "see the reasons above; name the format with --format where it was taken for another",
    });
  }
}
