/** Puts two evaluations of the same questions beside each other, question by question. */
import { DataError } from "../../util/errors.js";
import type { Evaluation } from "../evaluate.js";
import type { Sample } from "../samples.js";

/** One question, answered by both models. */
export interface SamplePair {
  base: Sample;
  tuned: Sample;
}

/** Pairs by task, and what only one side has. */
export interface Pairing {
  tasks: ReadonlyMap<string, readonly SamplePair[]>;
  onlyBase: readonly string[];
  onlyTuned: readonly string[];
}

/**
 * Pairs the samples of two evaluations.
 *
 * @throws DataError where they have no task in common, or were not asked the same questions in the same words
 */
export function pairSamples(base: Evaluation, tuned: Evaluation): Pairing {
  const names = Object.keys(tuned.samples);
  const common = names.filter((name) => name in base.samples);
  if (common.length === 0) {
    throw new DataError("the two evaluations have no task in common", {
      why: `one has ${listed(Object.keys(base.samples))}, the other ${listed(names)}`,
      todo: "evaluate both models on the same tasks",
    });
  }
  const tasks = new Map<string, SamplePair[]>();
  const faults: string[] = [];
  for (const name of common) {
    const pairs = pairTask(base.samples[name]!, tuned.samples[name]!);
    if (typeof pairs === "string") faults.push(`${name}: ${pairs}`);
    else tasks.set(name, pairs);
  }
  if (faults.length > 0) {
    const [first] = faults;
    throw new DataError("the two models were not asked the same", {
      why: first! + (faults.length > 1 ? `; ${faults.length - 1} more tasks differ` : ""),
      todo: "evaluate both with the same data, protocol, examples, seed, limit and template",
    });
  }
  return {
    tasks,
    onlyBase: Object.keys(base.samples).filter((name) => !(name in tuned.samples)),
    onlyTuned: names.filter((name) => !(name in base.samples)),
  };
}

/** Pairs of one task, or what sets its two sides apart. */
function pairTask(base: readonly Sample[], tuned: readonly Sample[]): SamplePair[] | string {
  const keyOf = ({ doc_id, filter }: Sample) => `${doc_id} ${filter}`;
  const byKey = new Map(base.map((sample) => [keyOf(sample), sample]));
  const pairs: SamplePair[] = [];
  for (const sample of tuned) {
    const other = byKey.get(keyOf(sample));
    if (!other) return `only the tuned model was asked question ${sample.doc_id}`;
    if (other.target_hash !== sample.target_hash) {
      return `question ${sample.doc_id} has another right answer`;
    }
    if (other.prompt_hash !== sample.prompt_hash) {
      return `question ${sample.doc_id} was asked in another prompt`;
    }
    pairs.push({ base: other, tuned: sample });
  }
  if (pairs.length < byKey.size) {
    return `the base was asked ${byKey.size} questions, the tuned model ${pairs.length}`;
  }
  return pairs;
}

function listed(names: readonly string[]): string {
  const [first = "none", ...rest] = names;
  return rest.length > 0 ? `${first} and ${rest.length} more` : first;
}
