/** `tunewright data convert`: converts rows from one known format to another. */
import type { Command } from "commander";
import type { ConvertResult } from "../../data/index.js";
import { DataError, withWhy } from "../../util/errors.js";
import { addExamples, printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import {
  addFormatOptions,
  addKeyOption,
  addSameRoleOption,
  camelOptions,
  type FormatFlags,
  oneOf,
  sourceOptions,
} from "./options.js";
import { progressLine } from "./progressLine.js";

interface ConvertFlags extends FormatFlags {
  out: string;
  to?: string;
  onError?: string;
  json?: boolean;
}

export function registerConvert(command: Command): void {
  command
    .description("convert data between formats; writes canonical messages rows by default")
    .argument("<files...>", "data files, folders, 'glob patterns', data sets on the hub, URLs")
    .requiredOption("--out <file>", "JSONL file to write");
  command.option(
    "--to <format>",
    "format to write: messages, moss, firefly, sharegpt, alpaca, prompt_completion, text or preference " +
      "(default: messages; plain texts and preference pairs keep their format)",
  );
  addKeyOption(
    command,
    "--on-error <skip|fail>",
    "invalid rows: leave them out and list them in OUT.rejected.jsonl, or stop (default: skip)",
  );
  addFormatOptions(command);
  addSameRoleOption(command);
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data convert moss.jsonl --out messages.jsonl --json",
    "tunewright data convert moss.jsonl --to firefly --out firefly.jsonl",
    "tunewright data convert identity.json --set name=Tom --set author=us --out identity.jsonl",
  );
  command.action((files: string[]) => convert(files, camelOptions(command.opts<ConvertFlags>())));
}

function convert(files: readonly string[], flags: ConvertFlags): Promise<void> {
  return withOutput(flags.out, files, () => convertInto(files, flags));
}

async function convertInto(files: readonly string[], flags: ConvertFlags): Promise<void> {
  const { convertFiles, joinedLine } = await import("../../data/index.js");
  const progress = progressLine();
  let result: ConvertResult;
  try {
    result = await convertFiles(files, flags.out, {
      ...sourceOptions(flags),
      to: flags.to,
      onError: oneOf(flags.onError, "--on-error", ["skip", "fail"]),
      onRows: (rows, total) => progress.show(`${rows} of ${total} rows`),
    });
  } finally {
    progress.clear();
  }
  const { rowsIn, rowsOut, rowsRejected, problems, rejectedFile, placeholders, joined } = result;
  const unfilled = Object.entries(placeholders);
  if (flags.json) {
    printJson({
      rows_in: rowsIn,
      rows_out: rowsOut,
      rows_rejected: rowsRejected,
      ...(unfilled.length === 0 ? {} : { placeholders }),
      ...(joined === undefined ? {} : { joined }),
    });
  } else {
    stdout.write(`${rowsOut} of ${rowsIn} rows written to ${flags.out}\n`);
  }
  if (joined) stderr.write(`note: ${joinedLine(joined)}\n`);
  for (const [name, rows] of unfilled) {
    stderr.write(
      `warning: ${rows} rows contain {{${name}}}; use --set ${name}=VALUE to replace it\n`,
    );
  }
  for (const problem of problems) {
    stderr.write(`rejected: ${withWhy(problem.message, problem.why)}\n`);
  }
  if (rejectedFile) {
    stderr.write(`rejected rows (${rowsRejected}) are listed in ${rejectedFile}\n`);
  }
  if (rowsOut === 0) {
    throw new DataError("no row could be converted", {
      why: "every row was rejected",
      todo: "see the reasons above; if the wrong format was detected, give it with --format",
    });
  }
}
