/** For which program a configuration file was written. */
import { chatTemplateNames } from "../../../text/index.js";
import { canonicalName, fixedKeys, inertKeys } from "../otherTrainers.js";
import { isConfigKey } from "../schema.js";
import { axolotl } from "./axolotl.js";
import type { Dialect, ForeignKeys } from "./dialect.js";
import { firefly, isFirefly } from "./firefly.js";
import { llamaFactory } from "./llamaFactory.js";
import { swift } from "./swift.js";
import { trl } from "./trl.js";

/** The programs whose keys have other names or meanings than ours. */
export const dialects: readonly Dialect[] = [llamaFactory, axolotl, trl, swift];

/** Keys that only Tunewright has, besides Firefly: with one of them a file is one of ours. */
export const ownKeys: readonly string[] = [
  "train_file",
  "eval_file",
  "train_mode",
  "template_name",
  "bits",
  "over_length",
];

/**
 * The program that a file was written for; `undefined` for ours. A file with a key of ours that the
 * others do not have is ours, whatever else is in it.
 * @param file its name: Firefly reads JSON only
 */
export function recogniseDialect(given: ForeignKeys, file = ""): Dialect | undefined {
  const keys: ForeignKeys = new Map([...given].filter(([, value]) => value !== null));
  if (!/\.ya?ml$/.test(file) && isFirefly(keys)) return firefly(chatTemplateNames);
  if (ownKeys.some((key) => keys.has(key))) return undefined;
  const scored = dialects.map((dialect) => ({ dialect, ...matchOf(dialect, keys) }));
  const [best] = scored.sort((a, b) => b.signs - b.unknown - (a.signs - a.unknown));
  return best && best.signs > 0 ? best.dialect : undefined;
}

function matchOf({ signs, rules }: Dialect, keys: ForeignKeys): { signs: number; unknown: number } {
  const names = [...keys.keys()];
  return {
    signs: names.filter((key) => signs.includes(key)).length,
    unknown: names.filter((key) => !Object.hasOwn(rules, key) && !isOurs(canonicalName(key)))
      .length,
  };
}

function isOurs(key: string): boolean {
  return isConfigKey(key) || Object.hasOwn(fixedKeys, key) || Object.hasOwn(inertKeys, key);
}
