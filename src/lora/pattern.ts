/** Python's regular expressions over names of modules, as adapter_config.json holds them. */
import { ConfigError } from "../util/errors.js";

/** Spellings that JavaScript reads in another sense than Python, without an error. */
const otherwise = /\[\^?\]|\(\?[aiLmsux-]+\)|\\[aUuxN]|\\[0-7]{2}/;

/**
 * A Python regular expression that has to match from the start of a text.
 *
 * @param source in Python's syntax
 * @param around wraps the source, as PEFT does it
 * @throws ConfigError where JavaScript cannot read it in the same sense
 */
export function pythonPattern(source: string, around: (source: string) => string): RegExp {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ConfigError(`the regular expression ${JSON.stringify(source)} cannot be used`, {
      why,
      todo: "write it without this, or list the names of the modules",
      cause,
    });
  };
  const odd = otherwise.exec(source)?.[0];
  if (odd !== undefined) refuse(`${odd} means something else in Python than here`);
  const translated = source
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replaceAll("\\A", "^")
    .replaceAll("\\Z", "$")
    .replaceAll("{,", "{0,");
  try {
    new RegExp(translated);
    return new RegExp(`^(?:${around(translated)})`);
  } catch (cause) {
    return refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** `re.fullmatch(source, text)`. */
export function matchesWhole(source: string, text: string): boolean {
  return pythonPattern(source, (whole) => `(?:${whole})$`).test(text);
}

/**
 * The first key of a `rank_pattern` or `alpha_pattern` that matches a module: the whole name, or what
 * follows one of its dots.
 */
export function patternKey(
  pattern: Readonly<Record<string, number>>,
  name: string,
): string | undefined {
  return Object.keys(pattern).find((key) =>
    pythonPattern(key, (source) => `(.*\\.)?(${source})$`).test(name),
  );
}
