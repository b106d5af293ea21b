/** Reads `--key value` flags into plain values; which keys take none is known from the schema. */
import { ConfigError } from "../../util/errors.js";
import { fixedKeys } from "./fixedKeys.js";
import { inertKeys } from "./inertKeys.js";
import { canonicalName } from "./names.js";
import { isConfigKey, keySchemas } from "./schema.js";
import { textToBoolean } from "./values.js";

/** One flag; `spelled` is what the user typed before the value. */
export interface Flag {
  readonly key: string;
  readonly value: unknown;
  readonly spelled: string;
}

/**
 * Understands `--key value`, `--key=value`, `--key a b` and repeated flags for lists, `--fp16`,
 * `--no-fp16` and `--fp16 false` for booleans; keys in kebab or snake case.
 *
 * @throws {ConfigError} where a word is not a flag or a flag lacks its value.
 */
export function parseFlags(words: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at++]!;
    if (!isFlag(word)) {
      throw new ConfigError(`Unexpected argument ${JSON.stringify(word)}`, {
        why: "After the configuration file come flags of the form --key value.",
        todo: "Put -- and the key's name before it, or remove it.",
      });
    }
    const equals = word.indexOf("=");
    const spelled = equals < 0 ? word : word.slice(0, equals);
    const key = canonicalName(spelled.slice(2));
    const kind = kindOf(key);
    if (equals >= 0) {
      flags.push({ key, value: word.slice(equals + 1), spelled });
      continue;
    }
    const negated = /^no_(.+)$/.exec(key)?.[1];
    if (kind === "unknown" && negated && kindOf(canonicalName(negated)) === "boolean") {
      flags.push({ key: canonicalName(negated), value: false, spelled });
      continue;
    }
    const values: string[] = [];
    const most = kind === "list" ? Number.POSITIVE_INFINITY : 1;
    while (values.length < most && at < words.length && !isFlag(words[at]!)) {
      if (kind === "boolean" && typeof textToBoolean(words[at]) !== "boolean") break;
      values.push(words[at++]!);
    }
    if (values.length > 0)
      flags.push({ key, value: values.length > 1 ? values : values[0], spelled });
    else if (kind === "boolean" || kind === "optional" || kind === "unknown")
      flags.push({ key, value: true, spelled });
    else {
      throw new ConfigError(`${spelled} needs a value`, {
        why: "Only flags of true-or-false keys stand alone.",
        todo: `Write ${spelled} VALUE.`,
      });
    }
  }
  return mergeRepeated(flags);
}

function isFlag(word: string): boolean {
  return /^--[A-Za-z]/.test(word);
}

type Kind = "boolean" | "list" | "optional" | "value" | "unknown";

function kindOf(key: string): Kind {
  if (isConfigKey(key)) {
    const node = keySchemas[key];
    const parts = node.anyOf ?? [node];
    if (parts.some((part) => part.type === "array")) return "list";
    const boolean = parts.some((part) => part.type === "boolean");
    if (boolean) return parts.length === 1 ? "boolean" : "optional";
    return "value";
  }
  const usual = fixedKeys[key]?.accepted ?? inertKeys[key]?.quiet;
  if (!usual) return "unknown";
  return usual.some((value) => typeof value === "boolean") ? "optional" : "value";
}

/** A list flag given twice adds up; another flag given twice takes its last value. */
function mergeRepeated(flags: readonly Flag[]): Flag[] {
  const merged = new Map<string, Flag>();
  for (const flag of flags) {
    const earlier = merged.get(flag.key);
    if (earlier && kindOf(flag.key) === "list") {
      const value = [earlier.value, flag.value].flat();
      merged.set(flag.key, { ...flag, value });
    } else merged.set(flag.key, flag);
  }
  return [...merged.values()];
}
