/** Checks all rows before training starts, if that takes only seconds. */
import { leftOutLines, openDataSources, surveyRows } from "../data/index.js";
import { DataError, withWhy } from "../util/errors.js";
import type { TrainingConfig } from "./config/index.js";
import { readingOptions } from "./readingOptions.js";
import { type DataText, evalFiles, resolveFiles } from "./trainingFiles.js";

/** Bytes of rows that are gone through without being asked: some ten seconds. */
const QUICK_BYTES = 16 * 2 ** 20;

/**
 * Refuses data with a row that training would stop at. Rows that are to be left out, and those of a
 * stream, are judged when training reaches them.
 *
 * @returns whether all rows of train_file were gone through
 * @throws DataError that names the first row; `say` is told the first twenty
 */
export async function checkRowsFirst(
  config: TrainingConfig,
  { tokenizerPath: _path, ...text }: DataText,
  say: (line: string) => void,
): Promise<boolean> {
  if (config.check_rows === "none" || config.streaming || config.on_error === "skip") return false;
  const reading = readingOptions(config);
  // Rows that are held out lie in train_file.
  const roles: [key: string, files: TrainingConfig["train_file"]][] = [
    ["train_file", config.train_file],
  ];
  const held = config.val_size > 0 ? null : evalFiles(config);
  let isChecked = true;
  if (held) roles.push(["eval_file", held]);
  for (const [key, files] of roles) {
    const source = await openDataSources(await resolveFiles(files), reading, config.data_seed);
    try {
      if (config.check_rows === "auto" && source.bytes > QUICK_BYTES) {
        say(
          `The rows of ${key} (${Math.round(source.bytes / 1e6)} MB) are checked during training; use ` +
            "`check` or check_rows all to check them first.",
        );
        if (key === "train_file") isChecked = false;
        continue;
      }
      const { rows, badRows, problems, leftOut } = await surveyRows(source, {
        ...text,
        ...reading,
        exactLengths: false,
      });
      for (const line of leftOutLines(leftOut)) say(`${key}: ${line}.`);
      const [first] = problems;
      if (!first) continue;
      for (const { error } of problems) {
        say(`Rejected: ${withWhy(error.message, error.why)}`);
      }
      throw new DataError(`${badRows} of ${rows} rows of ${key} cannot be trained on`, {
        why: `the first is ${first.error.message}`,
        todo: `${first.error.todo ?? "correct or remove them"}; or skip them with on_error skip`,
      });
    } finally {
      await source.close();
    }
  }
  return isChecked;
}
