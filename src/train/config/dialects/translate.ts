/** From a file of another trainer to keys of ours, with an account of every key that the file has. */
import { ConfigError } from "../../../util/errors.js";
import { canonicalName, fixedKeys, inertKeys, refusalOf, sameHere } from "../otherTrainers.js";
import { describeKey, isConfigKey, trainingSchema } from "../schema.js";
import { type Dialect, type ForeignKeys, type Outcome, refuse, set } from "./dialect.js";
import { keyOfAnother } from "./keyOfAnother.js";

/** A key as a file gives it. */
export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  /** `file:line`. */
  readonly where: string;
}

/** What became of one key, or one thing that the other program does by itself. */
export interface TranslatedKey {
  readonly kind: "kept" | "translated" | "default" | "no effect" | "refused" | "unknown";
  /** The other program's key; absent for what it does by itself. */
  readonly key?: string;
  readonly value?: unknown;
  readonly where?: string;
  /** The keys of ours that it became. */
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly why?: string;
}

/** Why a file cannot be taken over as it is. */
export interface TranslationProblem {
  readonly error: ConfigError;
  /** Keys whose flags make it pointless. */
  readonly unless: readonly string[];
}

export interface Translation {
  readonly dialect: Dialect;
  readonly account: readonly TranslatedKey[];
  /** Our keys with their values, and where each comes from. */
  readonly entries: readonly (FileEntry & { readonly from: string })[];
  readonly problems: readonly TranslationProblem[];
  /** What the other program does differently, a line each. */
  readonly remarks: readonly string[];
}

/** Translates a file. Nothing is thrown: what cannot be translated is among the problems. */
export function translate(dialect: Dialect, given: readonly FileEntry[]): Translation {
  const present = given.filter(({ value }) => value !== null && value !== undefined);
  const keys: ForeignKeys = new Map(present.map(({ key, value }) => [key, value]));
  const account: TranslatedKey[] = [];
  const problems: TranslationProblem[] = [];
  const entries = new Map<string, FileEntry & { from: string }>();
  const put = (key: string, value: unknown, where: string, from: string) => {
    const earlier = entries.get(key);
    if (earlier && JSON.stringify(earlier.value) !== JSON.stringify(value)) {
      problems.push({ error: setTwice(key, earlier, where, from), unless: [key] });
    } else entries.set(key, { key, value, where, from });
  };
  for (const entry of present) {
    const { key, value, where } = entry;
    const rule = Object.hasOwn(dialect.rules, key) ? dialect.rules[key] : undefined;
    const own = canonicalName(key);
    const meaning = rule?.(value, keys) ?? (isKnown(own) ? set({ [own]: value }) : undefined);
    const outcome = meaning ? checked(meaning, dialect) : withoutEffect(entry, dialect);
    if (!outcome) {
      account.push({ kind: "unknown", key, value, where });
      continue;
    }
    account.push(accountOf(outcome, entry, own));
    if (outcome.kind === "set") {
      for (const [own, translated] of Object.entries(outcome.keys))
        put(own, translated, where, key);
    } else if (outcome.kind === "refused") {
      const { why, todo, unless, what = "is not supported" } = outcome;
      problems.push({
        error: new ConfigError(`${key} ${show(key, value)} ${what} (${where})`, {
          why,
          todo,
        }),
        unless: unless === undefined ? [key] : [key, unless],
      });
    }
  }
  const refused = new Set(problems.flatMap(({ unless }) => unless));
  for (const { keys: values, because } of dialect.defaults(keys)) {
    const added = Object.entries(values).filter(
      ([key]) => !entries.has(key) && !refused.has(key) && isConfigKey(key),
    );
    if (added.length === 0) continue;
    const where = `${dialect.title}'s default`;
    for (const [key, value] of added) entries.set(key, { key, value, where, from: where });
    account.push({
      kind: "default",
      keys: Object.fromEntries(added),
      ...(because === undefined ? {} : { why: because }),
    });
  }
  const remarks = dialect.remarks?.(keys) ?? [];
  return { dialect, account, entries: [...entries.values()], problems, remarks };
}

/** What is said about a translation while a run starts: nothing about keys that mean the same. */
export function tell({ dialect, account, remarks }: Translation): string[] {
  const title = `The configuration was written for ${dialect.title}, and is translated:`;
  const lines = account.flatMap((entry) => {
    const { kind, key, value, keys, why } = entry;
    const reason = why === undefined ? "" : `: ${why}`;
    if (kind === "translated") {
      return [`${key} ${show(key, value)} is ${showKeys(keys ?? {})} here${reason}`];
    }
    if (kind === "no effect") return [`${key} ${show(key, value)}: no effect, ${why}`];
    if (kind === "default")
      return [`${showKeys(keys ?? {})}, as ${dialect.title} does without being told${reason}`];
    return [];
  });
  const told = [...lines, ...remarks].map((line) => (/[.…]$/.test(line) ? line : `${line}.`));
  return told.length === 0 ? [] : [title, ...told];
}

/** A value as it may be shown: not where it is a secret. */
export function show(key: string | undefined, value: unknown): string {
  if (key !== undefined && isSecret(key) && value !== "") return "(not shown)";
  return JSON.stringify(value);
}

/** Whether a key holds a secret: not those that name a token of the vocabulary. */
function isSecret(key: string): boolean {
  return (
    /(_|^)(token|api_key|secret|password)$/.test(key) &&
    !/^(eos|bos|pad|unk|sep|cls|mask)_token$/.test(key)
  );
}

export function showKeys(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key} ${show(key, value)}`)
    .join(", ");
}

function setTwice(
  key: string,
  earlier: FileEntry & { from: string },
  where: string,
  from: string,
): ConfigError {
  return new ConfigError(`${earlier.from} (${earlier.where}) and ${from} (${where}) contradict`, {
    why: `Both become ${key} here, and the two values differ.`,
    todo: "Keep one of them.",
  });
}

function isKnown(key: string): boolean {
  return isConfigKey(key) || Object.hasOwn(fixedKeys, key) || Object.hasOwn(inertKeys, key);
}

/** What would set a key that this version does not have, or a value that it refuses, is refused. */
function checked(outcome: Outcome, { title }: Dialect): Outcome {
  if (outcome.kind !== "set") return outcome;
  for (const [key, value] of Object.entries(outcome.keys)) {
    if (!isKnown(key))
      return refuse(`Tunewright cannot do what ${title} does with it.`, "Remove it.");
    const refusal = refusalOf(key, value);
    if (refusal) return refuse(refusal.why, refusal.todo, key);
    if (isConfigKey(key) && !trainingSchema.shape[key].safeParse(sameHere(key, value, [])).success)
      return refuse(`${key} has to be ${describeKey(key)}.`, "Correct the value.", key);
  }
  return outcome;
}

/** What becomes of a key that another program has, where it changes nothing in a file of any. */
function withoutEffect({ key, value }: FileEntry, dialect: Dialect): Outcome | undefined {
  const outcome = keyOfAnother(key, value, dialect)?.outcome;
  return outcome?.kind === "nothing" || (outcome?.kind === "idle" && outcome.always)
    ? outcome
    : undefined;
}

function accountOf(outcome: Outcome, { key, value, where }: FileEntry, own: string): TranslatedKey {
  const about = { key, value, where };
  switch (outcome.kind) {
    case "set": {
      const same = Object.keys(outcome.keys).length === 1 && outcome.keys[own] === value;
      const { keys, because } = outcome;
      if (same && because === undefined) return { kind: "kept", ...about };
      return {
        kind: "translated",
        ...about,
        keys,
        ...(because === undefined ? {} : { why: because }),
      };
    }
    case "idle":
      return { kind: "no effect", ...about, why: outcome.because };
    case "refused":
      return { kind: "refused", ...about, why: outcome.why };
    case "nothing":
      return { kind: "kept", ...about, why: outcome.because ?? "it happens anyway" };
  }
}
