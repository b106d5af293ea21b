/** Which files of a data set on the hub are meant. */
import { nearestOf } from "../../util/editDistance.js";
import { DataError } from "../../util/errors.js";
import { globToRegExp, isGlob } from "./glob.js";
import { isRowFile, rowEnding } from "./names.js";

export interface ChosenFiles {
  paths: string[];
  /** What was left out, one line each. */
  notes: string[];
}

/** Names of parts of a data set, as Python's `datasets` finds them in paths. */
const splits = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val", "dev"],
  test: ["test", "testing", "eval", "evaluation"],
} as const;
type Split = keyof typeof splits;

/**
 * @param path a file, a folder or a glob; "" takes the training part of the data set: the files
 * whose path says `train` where there are such, and of several kinds of file the most frequent one
 * @throws DataError where it names nothing
 */
export function chooseHubFiles(name: string, path: string, all: readonly string[]): ChosenFiles {
  const wanted = path.replace(/\/+$/, "");
  if (wanted !== "") return { paths: namedFiles(name, wanted, all), notes: [] };
  const rows = all.filter(isRowFile);
  if (rows.length === 0) {
    throw new DataError(`the data set ${name} has no data files`, {
      why: `it contains ${all.slice(0, 5).join(", ") || "nothing"}`,
      todo: "data files end in .jsonl, .json, .csv, .parquet or .arrow, optionally followed by .gz or .zst; give any other file as hf://datasets/OWNER/NAME/FILE",
    });
  }
  const ofOneKind = mostFrequentKind(rows);
  const training = ofOneKind.filter((row) => splitOf(row) === "train");
  const paths = training.length > 0 ? training : ofOneKind;
  const notes: string[] = [];
  const note = (count: number, what: string) => {
    if (count === 0) return;
    const files = count === 1 ? "1 file is" : `${count} files are`;
    notes.push(
      `${name}: ${files} left out (${what}); to read them, give the files or their folder`,
    );
  };
  note(rows.length - ofOneKind.length, `not ending in .${rowEnding(paths[0]!)}`);
  note(ofOneKind.length - paths.length, "not part of the training split");
  return { paths, notes };
}

function namedFiles(name: string, path: string, all: readonly string[]): string[] {
  if (all.includes(path)) return [path];
  const test = isGlob(path) ? globToRegExp(path) : undefined;
  const found = test
    ? all.filter((file) => test.test(file))
    : all.filter((file) => file.startsWith(`${path}/`) && isRowFile(file));
  if (found.length > 0) return found;
  const near = test ? undefined : nearestOf(path, all);
  throw new DataError(`the data set ${name} has no file ${path}`, {
    why: `it contains ${all.slice(0, 5).join(", ")}${all.length > 5 ? ` and ${all.length - 5} more` : ""}`,
    todo: near ? `did you mean ${near}?` : "give one of its files or folders",
  });
}

/** The part of the data set that a path belongs to: the last word in it that names one. */
function splitOf(path: string): Split | undefined {
  const words = path.toLowerCase().split(/[^a-z]+/);
  for (const word of words.reverse()) {
    for (const [split, names] of Object.entries(splits)) {
      if ((names as readonly string[]).includes(word)) return split as Split;
    }
  }
  return undefined;
}

/** Data sets come in several kinds of file at once where one is a copy of the other. */
function mostFrequentKind(paths: readonly string[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const path of paths) {
    const ending = rowEnding(path);
    kinds.set(ending, [...(kinds.get(ending) ?? []), path]);
  }
  const order = ["parquet", "arrow", "feather", "jsonl", "ndjson", "json", "csv", "tsv"];
  const [most] = [...kinds].sort(([a, first], [b, second]) => {
    return second.length - first.length || order.indexOf(a) - order.indexOf(b);
  });
  return most?.[1] ?? [];
}
