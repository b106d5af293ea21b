/**
 * What a configuration file of another trainer is translated with: for each key of that program what
 * becomes of it here, and what that program does where a key is not given.
 */
import { textToBoolean, textToNumber } from "../values.js";

/** What becomes of a key of another trainer. */
export type Outcome =
  | {
      readonly kind: "set";
      /** The keys of ours that say the same. */
      readonly keys: Readonly<Record<string, unknown>>;
      /** Told with the translation, where it is not the same to the letter. */
      readonly because?: string;
    }
  | {
      readonly kind: "idle";
      readonly because: string;
      /** Whatever else the file says. */
      readonly always?: true;
    }
  | Refusal
  /** It asks for what happens anyway, or another key is translated with it. */
  | { readonly kind: "nothing"; readonly because?: string };

export interface Refusal {
  readonly kind: "refused";
  readonly why: string;
  readonly todo: string;
  /** Follows key and value. Default "is not supported". */
  readonly what?: string;
  /** A key of ours that makes the refused one pointless where a flag sets it. */
  readonly unless?: string;
}

/** The keys of a file by name; those that are null are absent. */
export type ForeignKeys = ReadonlyMap<string, unknown>;

export type Rule = (value: unknown, keys: ForeignKeys) => Outcome;

/** What the other program does without being told. */
export interface Default {
  readonly keys: Readonly<Record<string, unknown>>;
  /** Follows the values in the line that tells of them. */
  readonly because?: string;
}

export interface Dialect {
  readonly name: string;
  /** As its authors write it. */
  readonly title: string;
  /** Whether a file that looks like this is one of this program, and how surely: its own keys in it. */
  readonly signs: readonly string[];
  /** A key without a rule means here what it means there, or is unknown to both. */
  readonly rules: Readonly<Record<string, Rule>>;
  /** Values that follow where keys are absent; what the file itself sets is left alone. */
  defaults(keys: ForeignKeys): readonly Default[];
  /** What this program does differently, to know before training; a line each. */
  remarks?(keys: ForeignKeys): readonly string[];
}

export const nothing: Outcome = { kind: "nothing" };

/** A key that says more about another one, which is translated with it. */
export function partOf(key: string): Outcome {
  return { kind: "nothing", because: `part of ${key}` };
}

export function set(keys: Readonly<Record<string, unknown>>, because?: string): Outcome {
  return because === undefined ? { kind: "set", keys } : { kind: "set", keys, because };
}

export function idle(because: string): Outcome {
  return { kind: "idle", because };
}

export function refuse(why: string, todo: string, unless?: string): Refusal {
  return { kind: "refused", why, todo, ...(unless === undefined ? {} : { unless }) };
}

/** The same value under another name. */
export function renamed(key: string): Rule {
  return (value) => set({ [key]: value });
}

/** A key that cannot change the result here; the given values ask for nothing. */
export function inert(because: string, ...quiet: readonly unknown[]): Rule {
  return (value) => (isOneOf(value, quiet) ? nothing : { kind: "idle", because, always: true });
}

/** A key that may only say what happens anyway. */
export function only(accepted: unknown, why: string, todo = "Remove it."): Rule {
  return (value) =>
    isOneOf(value, [accepted].flat()) || isEmpty(value) ? nothing : refuse(why, todo);
}

/** A switch for something that is not computed here. */
export function unsupported(what: string, todo = "Remove it."): Rule {
  return only(false, `${what} is not supported.`, todo);
}

/** The same rule for several keys. */
export function each(names: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, rule]));
}

export function isEmpty(value: unknown): boolean {
  if (value === "" || value === null || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Whether two values mean the same, as a file or a command line may write them. */
export function isOneOf(value: unknown, accepted: readonly unknown[]): boolean {
  return accepted.some((one) => {
    if (typeof one === "boolean") return textToBoolean(value) === one;
    if (typeof one === "number") return textToNumber(value) === one;
    return one === value;
  });
}

export function isTrue(value: unknown): boolean {
  return textToBoolean(value) === true;
}

export function isFalse(value: unknown): boolean {
  return textToBoolean(value) === false;
}

export function toNumber(value: unknown): number | undefined {
  const number = textToNumber(value);
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** A list, or the parts of a text between commas. */
export function toWords(value: unknown): string[] {
  const list = Array.isArray(value) ? value : String(value).split(",");
  return list.map((part) => String(part).trim()).filter((part) => part !== "");
}
