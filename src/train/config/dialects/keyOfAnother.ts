/** A key of one program in a file of another, or of ours. */
import { isConfigKey } from "../schema.js";
import type { Dialect, Outcome } from "./dialect.js";
import { dialects } from "./recognise.js";

/** Switches of the programs, on: without them keys that depend on them would seem to mean nothing. */
const switches: readonly (readonly [string, unknown])[] = [
  ["adapter", "lora"],
  ["use_peft", true],
  ["val_set_size", 0.1],
];

/**
 * What a key means to the programs other than `here`; `undefined` where none has it. One that sets a
 * key of ours counts before one that does not.
 */
export function keyOfAnother(
  key: string,
  value: unknown,
  here?: Dialect,
): { readonly title: string; readonly outcome: Outcome } | undefined {
  const meanings = dialects.flatMap((dialect) => {
    const rule = Object.hasOwn(dialect.rules, key) ? dialect.rules[key] : undefined;
    if (!rule || dialect === here) return [];
    return { title: dialect.title, outcome: rule(value, new Map([...switches, [key, value]])) };
  });
  return meanings.find(({ outcome }) => outcome.kind === "set") ?? meanings[0];
}

/** The name that a program has for a key of ours. */
export function nameIn(dialect: Dialect, own: string, value: unknown): string {
  const sets = (name: string) => {
    const outcome = dialect.rules[name]?.(value, new Map([...switches, [name, value]]));
    return outcome?.kind === "set" && Object.hasOwn(outcome.keys, own);
  };
  const names = Object.keys(dialect.rules);
  return names.includes(own) && sets(own) ? own : (names.find(sets) ?? own);
}

/** The key of ours that an outcome sets. */
export function setKey(outcome: Outcome | undefined): string | undefined {
  return outcome?.kind === "set" ? Object.keys(outcome.keys).find(isConfigKey) : undefined;
}
