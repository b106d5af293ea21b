/** Several runs from lists of values. */
import { ConfigError } from "../../util/errors.js";

/** Runs that one sweep may make. */
export const mostRuns = 64;

/** One combination of the listed values, and a name made from them. */
export interface Combination {
  name: string;
  values: Record<string, unknown>;
}

/**
 * Every combination of the listed values, the last list running fastest.
 *
 * @throws ConfigError for no list, an empty one, or more than 64 combinations
 */
export function sweep(
  name: string,
  lists: Readonly<Record<string, readonly unknown[]>>,
): Combination[] {
  const entries = Object.entries(lists);
  const [empty] = entries.filter(([, values]) => values.length === 0);
  if (entries.length === 0 || empty) {
    throw new ConfigError(
      empty ? `The list of ${empty[0]} is empty` : "There is no list of values",
      {
        todo: "give at least one value for each key that varies",
      },
    );
  }
  const count = entries.reduce((product, [, values]) => product * values.length, 1);
  if (count > mostRuns) {
    const product = entries.map(([, values]) => values.length).join(" × ");
    throw new ConfigError(`These lists make ${count} runs, and a sweep may make ${mostRuns}`, {
      why: entries.length > 1 ? `${product} = ${count}` : "each value makes one",
      todo: "shorten a list",
    });
  }
  let made: Combination[] = [{ name, values: {} }];
  for (const [key, values] of entries) {
    made = made.flatMap((one) =>
      values.map((value) => ({
        name: `${one.name}-${shortKey(key)}-${wordOf(value)}`,
        values: { ...one.values, [key]: value },
      })),
    );
  }
  return distinct(made);
}

/** Names that people use for keys. */
const shortKeys: Readonly<Record<string, string>> = {
  learning_rate: "lr",
  lora_rank: "rank",
  lora_alpha: "alpha",
  lora_dropout: "dropout",
  num_train_epochs: "epochs",
  per_device_train_batch_size: "batch",
  gradient_accumulation_steps: "accumulation",
  max_seq_length: "length",
  warmup_ratio: "warmup",
  weight_decay: "decay",
};

function shortKey(key: string): string {
  return shortKeys[key] ?? key.replaceAll("_", "-");
}

/** A value as a part of the name of a folder. */
function wordOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return (
    text
      .replaceAll(/[^\p{L}\p{N}.]+/gu, "-")
      .replaceAll(/^[-.]+|[-.]+$/g, "")
      .slice(0, 24) || "none"
  );
}

/** Names that are the same for different values get a number. */
function distinct(made: readonly Combination[]): Combination[] {
  const seen = new Map<string, number>();
  return made.map((one) => {
    const times = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, times);
    return times === 1 ? one : { ...one, name: `${one.name}-${times}` };
  });
}
