/**
 * Makes a {@link TrainingConfig} from a file and flags; flags override the file, and the file
 * overrides the defaults. No key is silently ignored: it takes effect, is rejected with a reason,
 * or is reported in a note as having no effect.
 */
import { ConfigError, joinErrors } from "../../util/errors.js";
import {
  type Dialect,
  type FileEntry,
  keyOfAnother,
  nameIn,
  ownKeys,
  recogniseDialect,
  setKey,
  show,
  type Translation,
  tell,
  translate,
} from "./dialects/index.js";
import { parseFlags, readConfigFile } from "./input.js";
import {
  canonicalName,
  fixedKeys,
  inertKeys,
  nearestName,
  refusalOf,
  replacementOf,
  same,
  sameHere,
} from "./otherTrainers.js";
import { applyRules } from "./rules.js";
import {
  type ConfigKey,
  describeKey,
  isConfigKey,
  keySchemas,
  type Origin,
  type ParsedConfig,
  type TrainingConfig,
  trainingSchema,
} from "./schema.js";

/** A configuration, and where its values come from. */
export interface LoadedConfig {
  readonly config: TrainingConfig;
  /** Where each value comes from. */
  readonly origins: Record<ConfigKey, Origin>;
  /** One line each: what was translated, which values follow from others, which keys have no effect. */
  readonly notes: string[];
  /** The program that the file was written for; absent for a file of ours. */
  readonly dialect?: string;
}

/** A value as given in the file or by a flag. */
interface Given extends FileEntry {
  /** `file:line`, the flag as typed, or `options`. */
  readonly where: string;
  readonly origin: "file" | "flag";
}

/** What a file says, in our keys. */
interface FileContent {
  readonly given: readonly Given[];
  readonly translation?: Translation;
}

/**
 * @param file JSON or YAML file, of ours or of another trainer; or `undefined` for flags alone
 * @param flags words as typed (`["--max-steps", "10"]`), or an object of keys and values
 * @throws {ConfigError} with all problems at once: unknown keys (suggesting the nearest known one),
 * invalid values, unsupported keys, keys that contradict each other; each names file and line, or the
 * flag
 */
export function loadTrainingConfig(
  file: string | undefined,
  flags: readonly string[] | Readonly<Record<string, unknown>> = [],
): LoadedConfig {
  const problems: ConfigError[] = [];
  const content: FileContent = file === undefined ? { given: [] } : readFile(file, problems);
  const typed = fromFlags(flags);
  const { translation } = content;
  const notes: string[] = translation ? tell(translation) : [];
  if (translation) problems.push(...problemsOf(translation, typed));
  const used = new Map<ConfigKey, Given>();
  const others = new Map<string, Given>();
  for (const item of [...content.given, ...typed].map(automaticSize)) {
    if (item.value === null) continue;
    const { key } = item;
    if (isConfigKey(key)) {
      problems.push(...replaceOther(used, item));
      used.set(key, item);
    } else if (Object.hasOwn(fixedKeys, key) || Object.hasOwn(inertKeys, key))
      others.set(key, item);
    else judgeUnknown(item, notes, problems);
  }
  for (const item of others.values()) checkOther(item, notes, problems);
  const refused = new Set(translation?.problems.flatMap(({ unless }) => unless));
  const parsed = parse(used, refused, notes, problems);
  const origins = Object.fromEntries(
    Object.keys(keySchemas).map((key) => [key, used.get(key as ConfigKey)?.origin ?? "default"]),
  ) as Record<ConfigKey, Origin>;
  const config =
    parsed &&
    applyRules(parsed, {
      origins,
      notes,
      problems,
      asked: (key) =>
        used.has(key) && JSON.stringify(parsed[key]) !== JSON.stringify(keySchemas[key].default),
      where: (key) => used.get(key)?.where ?? "by default",
    });
  if (problems.length > 0 || !config) throw joinErrors(problems);
  return { config, origins, notes, ...(translation ? { dialect: translation.dialect.title } : {}) };
}

/** The two keys that each say how large a micro-batch is. */
const sizeKeys: readonly ConfigKey[] = ["per_device_train_batch_size", "auto_batch_size"];

/** `per_device_train_batch_size: auto` is spelled as the number that it takes the place of. */
function automaticSize(item: Given): Given {
  if (item.key !== "per_device_train_batch_size" || item.value !== "auto") return item;
  return { ...item, key: "auto_batch_size", value: true };
}

/** A flag with one of {@link sizeKeys} takes the place of the other in a file; side by side they contradict. */
function replaceOther(used: Map<ConfigKey, Given>, item: Given): ConfigError[] {
  const other = sizeKeys.find((key) => key !== item.key);
  if (!sizeKeys.includes(item.key as ConfigKey) || other === undefined) return [];
  const before = used.get(other);
  if (!before || item.value === false || before.value === false) return [];
  used.delete(other);
  if (before.origin !== item.origin) return [];
  return [
    new ConfigError(
      `per_device_train_batch_size is both a number and auto: ${before.where} and ${item.where}`,
      { todo: "Keep one of them." },
    ),
  ];
}

/** Reads a file, and translates it where it was written for another program. */
function readFile(file: string, problems: ConfigError[]): FileContent {
  const { entries, translation } = readAndTranslate(file);
  if (!translation) return { given: asGiven(entries, problems) };
  return { translation, given: translation.entries.map((entry) => ({ ...entry, origin: "file" })) };
}

/** The entries of a file, and their translation where it was written for another program. */
export function readAndTranslate(file: string): {
  entries: readonly FileEntry[];
  translation?: Translation;
} {
  const entries = readConfigFile(file).entries.map(({ key, value, line }) => {
    const where = line === undefined ? file : `${file}:${line}`;
    return { key, value, where };
  });
  const dialect = recogniseDialect(new Map(entries.map(({ key, value }) => [key, value])), file);
  return dialect ? { entries, translation: translate(dialect, entries) } : { entries };
}

/** Entries of a file of ours: names as typed become keys. */
function asGiven(entries: readonly FileEntry[], problems: ConfigError[]): Given[] {
  const seen = new Map<string, Given>();
  return entries.map(({ key: name, value, where }) => {
    const item: Given = { key: canonicalName(name), value, where, origin: "file" };
    const earlier = seen.get(item.key);
    if (earlier && JSON.stringify(earlier.value) !== JSON.stringify(value)) {
      problems.push(
        new ConfigError(`${item.key} is set twice: ${earlier.where} and ${where}`, {
          why: `${name} is another name of ${item.key}, and the two values differ.`,
          todo: "Keep one of them.",
        }),
      );
    }
    seen.set(item.key, item);
    return item;
  });
}

function fromFlags(flags: readonly string[] | Readonly<Record<string, unknown>>): Given[] {
  if (isWords(flags)) {
    return parseFlags(flags).map(({ key, value, spelled }) => {
      return { key, value, where: spelled, origin: "flag" };
    });
  }
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      return { key: canonicalName(name), value, where: "options", origin: "flag" };
    });
}

function isWords(flags: unknown): flags is readonly string[] {
  return Array.isArray(flags);
}

/** What stands in the way of a translation, without what flags replace. */
export function problemsOf(
  { account, dialect, problems }: Translation,
  typed: readonly Given[],
): ConfigError[] {
  const flags = new Set(typed.map(({ key }) => key));
  const open = problems.filter(({ unless }) => !unless.some((key) => flags.has(key)));
  const unknown = account.filter(({ kind, key }) => kind === "unknown" && !flags.has(key ?? ""));
  return [
    ...open.map(({ error }) => error),
    ...unknown.map(({ key = "", value, where = "" }) => unknownHere(key, value, where, dialect)),
  ];
}

/** A key that is not ours: of another trainer and without effect here, or a problem. */
function judgeUnknown(
  { key, value, where }: Given,
  notes: string[],
  problems: ConfigError[],
): void {
  const outcome = replacementOf(key) === undefined ? keyOfAnother(key, value)?.outcome : undefined;
  if (outcome?.kind === "idle" && outcome.always)
    notes.push(`${key} ${show(key, value)}: no effect, ${outcome.because}.`);
  else if (outcome?.kind !== "nothing") problems.push(unknownHere(key, value, where));
}

/**
 * Why a key cannot stand in a file: what it is to another program, or what was meant.
 * @param dialect the program that the file was written for; absent for ours
 */
function unknownHere(key: string, value: unknown, where: string, dialect?: Dialect): ConfigError {
  const other = keyOfAnother(key, value, dialect);
  const own = replacementOf(key) ?? setKey(other?.outcome);
  if (!other || own !== undefined) {
    const name = own !== undefined && dialect ? nameIn(dialect, own, value) : own;
    const nearest = name ?? nearestName(key, dialect && Object.keys(dialect.rules));
    if (nearest && dialect && dialect.name !== "firefly" && ownKeys.includes(nearest)) {
      return new ConfigError(`Unknown key ${key} (${where})`, {
        why: `The file was written for ${dialect.title}, which has no key of this name.`,
        todo: `Say --${nearest} on the command line, and remove the key.`,
      });
    }
    return unknownKey(key, where, nearest, dialect?.title);
  }
  const { why, todo } =
    other.outcome.kind === "refused"
      ? other.outcome
      : {
          why: `It has no meaning in a file of ${dialect?.title ?? "Tunewright"}.`,
          todo: "Remove it.",
        };
  return new ConfigError(`${key} ${show(key, value)} is not supported (${where})`, {
    why: `It is a key of ${other.title}. ${why}`,
    todo,
  });
}

function unknownKey(
  key: string,
  where: string,
  nearest: string | undefined,
  title?: string,
): ConfigError {
  return new ConfigError(`Unknown key ${key} (${where})`, {
    why:
      title === undefined
        ? "There is no configuration key of this name."
        : `The file was written for ${title}, which has no key of this name.`,
    todo: nearest
      ? `Did you mean ${nearest}? Otherwise remove the key.`
      : "Remove it. docs/configuration.md lists all keys.",
  });
}

function checkOther({ key, value, where }: Given, notes: string[], problems: ConfigError[]): void {
  const shown = show(key, value);
  const inert = inertKeys[key];
  if (inert) {
    if (!inert.quiet.some((quiet) => same(quiet, value)))
      notes.push(`${key} ${shown}: no effect, ${inert.reason}`);
    return;
  }
  const refusal = refusalOf(key, value);
  if (refusal)
    problems.push(new ConfigError(`${key} ${shown} is not supported (${where})`, refusal));
}

/**
 * The values in their types; `undefined` where some cannot be read, which are then among the problems.
 * @param excused keys that are missing because what would have become them is a problem already
 */
function parse(
  used: ReadonlyMap<ConfigKey, Given>,
  excused: ReadonlySet<string>,
  notes: string[],
  problems: ConfigError[],
): ParsedConfig | undefined {
  const before = problems.length;
  const values: Record<string, unknown> = {};
  for (const [key, { value, where }] of used) {
    const refusal = refusalOf(key, value);
    if (refusal) {
      problems.push(
        new ConfigError(`${key} ${show(key, value)} is not supported (${where})`, refusal),
      );
    }
    values[key] = sameHere(key, value, notes);
  }
  const result = trainingSchema.safeParse(values);
  if (result.success) return problems.length === before ? result.data : undefined;
  const wrong = new Set(result.error.issues.map((issue) => String(issue.path[0]) as ConfigKey));
  for (const key of wrong) {
    const item = used.get(key);
    const isKnown = item ? refusalOf(key, item.value) !== undefined : excused.has(key);
    if (!isKnown) problems.push(wrongValue(key, item));
  }
  return undefined;
}

function wrongValue(key: ConfigKey, item: Given | undefined): ConfigError {
  if (!item) {
    return new ConfigError(`${key} is missing`, {
      why: "It has no default.",
      todo: "Set it in the file or by a flag.",
    });
  }
  const { value, where } = item;
  return new ConfigError(
    `${key}: expected ${describeKey(key)}, got ${show(key, value)} (${where})`,
    { why: "The key does not accept this value.", todo: "Correct the value." },
  );
}
