/** A configuration of another trainer as a file of ours. */
import { stringify } from "yaml";
import { ConfigError } from "../../util/errors.js";
import { show, showKeys, type TranslatedKey, type Translation } from "./dialects/index.js";
import { problemsOf, readAndTranslate } from "./load.js";
import { fieldGroups } from "./schema.js";

/** What became of a file. */
export interface ImportedConfig {
  readonly file: string;
  /** The program that it was written for. */
  readonly dialect: string;
  /** Every key of the file and every default of the program, with what became of it. */
  readonly keys: readonly TranslatedKey[];
  /** What the program does differently, a line each. */
  readonly remarks: readonly string[];
  /** Why a run cannot begin with it as it is. */
  readonly problems: readonly ConfigError[];
  readonly translation: Translation;
}

/**
 * Reads a configuration file of another trainer.
 * @throws {ConfigError} where it cannot be read, or is one of ours
 */
export function importConfig(file: string): ImportedConfig {
  const { translation } = readAndTranslate(file);
  if (!translation) {
    throw new ConfigError(`${file} is not a configuration of another trainer`, {
      why: "Its keys are those of Tunewright, or of no program that is known.",
      todo: "Train with it as it is: ./tunewright train FILE.",
    });
  }
  const { dialect, account: keys, remarks } = translation;
  const problems = problemsOf(translation, []);
  return { file, dialect: dialect.title, keys, remarks, problems, translation };
}

/**
 * The file as YAML of ours: our keys by topic, each with what it was; then what has no effect here.
 * What is refused stays in the file as it was, so that a run refuses it too until it is removed.
 */
export function renderImported({
  file,
  dialect,
  keys,
  translation,
  remarks,
}: ImportedConfig): string {
  const lines = [`# From ${file}, which was written for ${dialect}.`];
  const entries = new Map(translation.entries.map((entry) => [entry.key, entry]));
  const put = (title: string, names: readonly string[]) => {
    const own = names
      .flatMap((name) => entries.get(name) ?? [])
      .filter(({ value }) => value !== null);
    if (own.length === 0) return;
    lines.push("", `# ${title}`);
    for (const { key, value, from } of own) {
      lines.push(`${yamlOf(key, value)}${from === key ? "" : `  # ${originOf(from, key, keys)}`}`);
      entries.delete(key);
    }
  };
  for (const { title, fields } of fieldGroups) put(title, Object.keys(fields));
  put("Keys without effect", [...entries.keys()]);
  const dropped = keys.filter(({ kind }) => kind === "no effect");
  if (dropped.length > 0) lines.push("", "# Left out, since they have no effect here:");
  for (const { key, value, why } of dropped)
    lines.push(comment(`${key} ${show(key, value)}: ${why}`));
  if (remarks.length > 0) lines.push("", ...remarks.map(comment));
  const refused = keys.filter(({ kind }) => kind === "refused" || kind === "unknown");
  if (refused.length > 0) lines.push("", "# Refused: decide on each of these, and remove it.");
  for (const { key = "", value, why } of refused) {
    lines.push(comment(why ?? `${dialect} has no key of this name.`), yamlOf(key, value));
  }
  return `${lines.join("\n")}\n`;
}

/** One line for each key of the file, and for each default that was written out. */
export function describeImported({ file, dialect, keys, remarks }: ImportedConfig): string[] {
  const lines = keys.map(({ kind, key, value, keys: own, why }) => {
    const name = key === undefined ? `(default of ${dialect})` : `${key} ${show(key, value)}`;
    const became = own ? ` → ${showKeys(own)}` : "";
    return `  ${kind.padEnd(10)}  ${name}${became}${why === undefined ? "" : `: ${why}`}`;
  });
  return [
    `${file} was written for ${dialect}.`,
    ...lines,
    ...remarks.map((remark) => `  ${"to know".padEnd(10)}  ${remark}`),
  ];
}

/** `key: value` on one line, however deep the value is. */
function yamlOf(key: string, value: unknown): string {
  return stringify(
    { [key]: value },
    { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false },
  )
    .trim()
    .replace(/^\{(.*)\}$/s, "$1");
}

function originOf(from: string, key: string, keys: readonly TranslatedKey[]): string {
  const entry =
    keys.find((one) => one.key === from) ?? keys.find((one) => one.keys && key in one.keys);
  const said = entry?.key === undefined ? from : `${from} ${show(from, entry.value)}`;
  return `${said}${entry?.why === undefined ? "" : `; ${entry.why}`}`.replace(/\s+/g, " ");
}

function comment(text: string): string {
  return `# ${text.replace(/\s+/g, " ")}`;
}
