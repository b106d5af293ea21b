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
  const found: { key: string; words: string[]; line: number }[] = [];
  for (let at = first; at < lines.length; at++) {
    const goesOn = lines[at]!.trimEnd().endsWith("\\");
    for (const word of wordsOf(lines[at]!.replace(/\\\s*$/, ""))) {
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

/** Words as a shell splits them, without their quotes. */
function wordsOf(line: string): string[] {
  const pieces = line.matchAll(/(?:"([^"]*)"|'([^']*)'|[^\s"']+)+/g);
  return [...pieces].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
