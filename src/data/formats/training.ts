/** Whether a message says that it is trained on. */
import type { Role } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { numberOf } from "../../util/json/index.js";
import { describe, type Row, readFlag } from "./fields.js";

/** Keys that say whether a message is trained on, as true and false or as 1 and 0. */
export const trainKeys: readonly string[] = ["train", "training", "loss", "weight", "loss_weight"];

/** @throws DataError for values other than true, false, 1 and 0, and where two of them disagree */
export function readTrain(entry: Row, role: Role, name: string): boolean | undefined {
  let known: { key: string; said: boolean } | undefined;
  for (const key of trainKeys) {
    const said = readLearnt(entry[key], key, name);
    if (said === undefined) continue;
    if (known && known.said !== said) {
      throw new DataError(
        `${name} has "${known.key}": ${shown(entry[known.key])} and "${key}": ${shown(entry[key])}`,
        { why: "they contradict each other", todo: "keep one of them" },
      );
    }
    known ??= { key, said };
  }
  // A number that says the usual is dropped; OpenAI's and LLaMA-Factory's files have it everywhere.
  if (known === undefined || known.key === "train") return known?.said;
  return known.said === (role === "assistant") ? undefined : known.said;
}

function readLearnt(value: unknown, key: string, name: string): boolean | undefined {
  if (key === "train" || key === "training") return readFlag(value, `${name}.${key}`);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  const number = numberOf(value);
  if (number === 0 || number === 1) return number === 1;
  throw new DataError(`${name}.${key} is ${describe(value)}, neither 0 nor 1`, {
    why: "a message is either trained on (1) or not (0)",
    todo: "correct or remove the row",
  });
}

function shown(value: unknown): string {
  return String(numberOf(value) ?? value);
}
