/** What the rules between keys work on. */
import { ConfigError } from "../../util/errors.js";
import type { ConfigKey, Origin } from "./schema.js";

/** What rules need besides the values. */
export interface RuleContext {
  readonly origins: Record<ConfigKey, Origin>;
  readonly notes: string[];
  /** Where contradictions are put. */
  readonly problems: ConfigError[];
  /** Whether the file or a flag sets `key` to something other than its default. */
  asked(key: ConfigKey): boolean;
  /** Where `key` was given, such as `train.json:4` or `--bits`. */
  where(key: ConfigKey): string;
}

/** A contradiction is found together with all others. */
export type Contradict = (what: string, why: string, todo: string) => void;

/** Puts contradictions among the problems. */
export function contradictIn({ problems }: RuleContext): Contradict {
  return (what, why, todo) => void problems.push(new ConfigError(what, { why, todo }));
}
