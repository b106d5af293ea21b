/** A command of another trainer in a shell script (`swift sft --model … \`), read as a configuration. */
import { ConfigError } from "../../util/errors.js";

/** One `--key` with its words. */
export interface Argument {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

/** Commands that train, as they are typed. */
const command = /\b(swift\s+(sft|pt)|llamafactory-cli\s+train|trl\s+sft|sft\.py|train\.py)\b/;

/** A comment, or a line of YAML. */
const notCommand = /^\s*(#|[\w.-]+:(\s|$))/;

/**
 * The arguments of the first command of `text` that trains; `undefined` where there is none.
 * @throws {ConfigError} where a value is a variable of the shell
 */
export function readCommandLine(file: string, text: string): Argument[] | undefined {
  const lines = text.split("\n").map((line) => (notCommand.test(line) ? "" : line));
  const first = lines.findIndex((line) => command.test(line));
  if (first < 0 || !/(^|\s)--[A-Za-z]/.test(text)) return undefined;
  // What stands before the program belongs to its launcher: accelerate launch --num_processes 2 …
  const start = command.exec(lines[first]!)!;
  lines[first] = lines[first]!.slice(start.index + start[0].length);
  const found: { key: string; words: string[]; line: number }[] = [];
  for (let at = first; at < lines.length; at++) {
    const { words, ends } = wordsOf(lines[at]!.replace(/\\\s*$/, ""));
    const goesOn = !ends && lines[at]!.trimEnd().endsWith("\\");
    for (const word of words) {
      const [, name, given] = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
      if (name !== undefined) {
        const words = given === undefined ? [] : [given];
        found.push({ key: name.replaceAll("-", "_"), words, line: at + 1 });
      } else found.at(-1)?.words.push(word);
    }
    if (!goesOn) break;
  }
  const open = found.find(({ words }) => words.some((word) => word.includes("$")));
  if (open) {
    throw new ConfigError(`${file}:${open.line}: ${open.key} is a variable of the shell`, {
      why: `${open.words.join(" ")} is known only while the script runs.`,
      todo: "Write its value there.",
    });
  }
  return found.map(({ key, words, line }) => {
    return { key, line, value: words.length > 1 ? words : (words[0] ?? true) };
  });
}

/** What ends a command: a pipe, where the output goes, the next command, a comment. */
const operator = /^(?:[|&;#]|\d*[<>])/;

/** Words as a shell splits them, without their quotes, and whether the command ends with them. */
function wordsOf(line: string): { words: string[]; ends: boolean } {
  const pieces = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"';]+)+|;/g)].map(([piece]) => piece);
  const end = pieces.findIndex((piece) => operator.test(piece));
  const words = end < 0 ? pieces : pieces.slice(0, end);
  return {
    words: words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2")),
    ends: end >= 0,
  };
}
