/** `tunewright data dedup`: removes duplicates from conversations. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { DedupOptions } from "../../curate/dedup/index.js";
import { addExamples, printJson } from "../command.js";
import { stderr, stdout } from "../output.js";
import { withOutput } from "../outputLock.js";
import { checkFlags, dedupOptions } from "./dedup/flags.js";
import type { DedupFlags } from "./dedup/flagTypes.js";
import { largeClustersError, printReport } from "./dedup/report.js";
import { parseShard } from "./dedup/shardFlag.js";
import { addFormatOptions, addKeyOption, camelOptions, countArgument } from "./options.js";
import { progressLine } from "./progressLine.js";

export function registerDedup(command: Command): void {
  command
    .description("remove duplicates and near-duplicates")
    .argument("<files...>", "data files, folders, 'glob patterns', data sets on the hub, URLs")
    .requiredOption("--out <file>", "JSONL file to write")
    .option("--method <minhash|simhash|exact>", "how to find duplicates (default: minhash)")
    .option(
      "--by <conversation|first-prompt>",
      "what to compare (default: conversation, that is all messages)",
    )
    .option(
      "--compare <distinct|all>",
      "distinct: system messages, and text that many rows have in common, carry no weight; all: every word counts, as in other tools (default: distinct)",
    );
  addKeyOption(
    command,
    "--common-share <s>",
    "share of a file's rows from which text is common, 0 to 1 (default: 0.1, or 0.02 of large files)",
    Number,
  );
  command
    .option(
      "--shingle <mixed|character|word|ascii|space>",
      "tokens of a shingle (default: mixed, that is Chinese characters, and words in other scripts)",
    )
    .option("--ngram <n>", "tokens per shingle (default: 5)", countArgument);
  addKeyOption(
    command,
    "--short-texts <whole|alike>",
    "texts shorter than a shingle: each is a shingle, or all are duplicates, as in BigCode (default: whole)",
  );
  command.option(
    "--threshold <s>",
    "Jaccard similarity from which texts count as duplicates, 0 to 1 (default: 0.7)",
    Number,
  );
  addKeyOption(
    command,
    "--num-perm <n>",
    "hash values per signature (default: 256)",
    countArgument,
  );
  addKeyOption(
    command,
    "--permutations <alternate|grouped>",
    "hash functions as in BigCode and data-juicer, or as in text-dedup (default: alternate)",
  );
  command
    .option("--bands <n>", "LSH bands (default: the optimum for --threshold)", countArgument)
    .option("--rows <n>", "hash values per band", countArgument);
  addKeyOption(
    command,
    "--check-jaccard",
    "compare the texts of candidates, and keep rows that are not alike (default with --compare distinct)",
  );
  addKeyOption(command, "--no-check-jaccard", "remove candidates without comparing their texts");
  command
    .option("--distance <n>", "simhash: bits that may differ (default: 4)", countArgument)
    .option("--keep <first|last|longest|most-turns>", "which duplicate to keep (default: first)")
    .option(
      "--shard <i/n>",
      "only compute the signatures of part i of n (i from 0); auto in a Slurm array",
    )
    .option("--yes", "also remove clusters that are a large share of the rows")
    .option("--merge", "only merge the signatures of all shards and write the result");
  addKeyOption(command, "--work-dir <dir>", "folder for the signatures (default: OUT.dedup)");
  addKeyOption(command, "--keep-signatures", "do not delete that folder");
  addKeyOption(
    command,
    "--memory-limit <size>",
    "memory limit of the joins, for example 8GB (default: 2GB, or half of what is free)",
  );
  addKeyOption(
    command,
    "--on-error <skip|fail>",
    "invalid rows: leave them out and list them in OUT.rejected.jsonl, or stop (default: skip)",
  );
  command.option("--threads <n>", "threads (default: all cores)", countArgument);
  addFormatOptions(command);
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data dedup moss.jsonl alpaca.json --out unique.jsonl",
    "tunewright data dedup data/*.jsonl --out unique.jsonl --method exact --by first-prompt",
    "tunewright data dedup data/*.jsonl --out unique.jsonl --shard 3/16",
    "tunewright data dedup data/*.jsonl --out unique.jsonl --merge --threshold 0.8",
  );
  command.action((files: string[]) => dedup(files, camelOptions(command.opts<DedupFlags>())));
}

async function dedup(files: readonly string[], flags: DedupFlags): Promise<void> {
  checkFlags(flags);
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard);
  const data = await import("../../curate/dedup/index.js");
  const progress = progressLine();
  const options: DedupOptions = {
    ...dedupOptions(flags, data),
    threads: flags.threads ?? availableParallelism(),
    onProgress: (what, share) => progress.show(`${what} ${Math.floor(100 * share)}%`),
  };
  try {
    if (shard) {
      const { rows, rowsRefused, hanRows } = await data.makeSignatures(
        files,
        flags.out,
        shard,
        options,
      );
      progress.clear();
      warnOfUnit(flags.shingle, hanRows, rows);
      const made = hanRows !== undefined;
      if (flags.json) {
        printJson({ ...shard, rows, rows_refused: rowsRefused, made });
      } else {
        const what = made ? "signatures computed" : "signatures already exist";
        const refused = rowsRefused > 0 ? `; ${rowsRefused} rows cannot be read` : "";
        stdout.write(`shard ${shard.shard} of ${shard.shards}: ${rows} rows, ${what}${refused}\n`);
      }
      return;
    }
    const run = flags.merge ? data.mergeSignatures : data.dedupFiles;
    const report = await withOutput(flags.out, files, () => run(files, flags.out, options));
    progress.clear();
    warnOfUnit(flags.shingle, report.hanRows, report.rowsIn);
    printReport(report, flags);
    if (!report.written) throw largeClustersError(report);
  } finally {
    progress.clear();
  }
}

/** Share of rows with Chinese text above which a unit meant for spaced scripts causes a warning. */
const fewHanRows = 0.05;

function warnOfUnit(unit: string | undefined, hanRows: number | undefined, rows: number): void {
  if (hanRows === undefined || hanRows < fewHanRows * rows) return;
  const words = { ascii: "no words", space: "few words", word: "few words" };
  const seen = words[unit as keyof typeof words];
  if (seen === undefined) return;
  stderr.write(
    `warning: ${hanRows} of ${rows} rows contain Chinese, in which --shingle ${unit} finds ${seen}\n` +
      `  why: Chinese has no spaces, so ${unit === "ascii" ? "different texts look the same" : "near-duplicates are missed"}\n` +
      "  to do: use --shingle mixed (the default) or --shingle character\n",
  );
}
