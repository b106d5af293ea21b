/** Examples for prompts, drawn as lm-evaluation-harness draws them. */
import { ConfigError } from "../util/errors.js";
import { pythonRandom } from "./python/index.js";
import type { BenchmarkFiles, Task } from "./types.js";

/** lm-evaluation-harness's seed for examples. */
export const FEWSHOT_SEED = 1234;

export interface ShotOptions {
  /** Examples per prompt; default: the task's own number. */
  numFewshot?: number | undefined;
  /** Default {@link FEWSHOT_SEED}. */
  seed?: number | undefined;
  /** Draw as the reference does even where the question itself, with its answer, may be drawn. */
  parity?: boolean | undefined;
}

/** Gives the examples for one question after the other, in the order of the questions. */
export interface ShotSource {
  /** Examples in each prompt. */
  count: number;
  /** What the reader of a score must know. */
  notes: string[];
  next(index: number): readonly unknown[];
}

/**
 * Examples of a task. One generator serves all its questions, so that those of a question depend on how
 * many came before it, as in the reference.
 *
 * @throws ConfigError where there are fewer examples than are asked for
 */
export async function openShots(
  task: Task,
  files: BenchmarkFiles,
  docs: readonly unknown[],
  { numFewshot, seed = FEWSHOT_SEED, parity = false }: ShotOptions,
): Promise<ShotSource> {
  const { shots } = task;
  if (!shots) {
    const notes = numFewshot ? [`${task.name} takes no examples: num_fewshot does not count`] : [];
    return { count: 0, notes, next: () => [] };
  }
  const asked = numFewshot ?? shots.count;
  const count = Math.min(asked, shots.most ?? Infinity);
  if (count === 0) return { count, notes: [], next: () => [] };
  const own = shots.docs === undefined;
  const pool = (await shots.docs?.(files)) ?? docs;
  const leavesOut = own && !parity;
  const available = pool.length - (leavesOut ? 1 : 0);
  if (count > available) {
    throw new ConfigError(`${task.name} has no ${count} examples`, {
      why: `there are ${available}`,
      todo: `use --num-fewshot ${available} or less`,
    });
  }
  const notes = own ? [ownNote(leavesOut)] : [];
  const note = shots.note?.(files);
  if (note !== undefined) notes.push(note);
  if (count < asked) notes.push(`there are ${count} examples, not ${asked}: all are shown`);
  if (shots.draw === "first") {
    const next = (index: number) =>
      (leavesOut ? pool.filter((_, i) => i !== index) : pool).slice(0, count);
    return { count, notes, next };
  }
  const random = pythonRandom(seed);
  const places = pool.map((_, i) => i);
  const next = (index: number) => {
    const drawn = random.sample(places, leavesOut ? count + 1 : count);
    const kept = leavesOut ? drawn.filter((place) => place !== index) : drawn;
    return kept.slice(0, count).map((place) => pool[place]);
  };
  return { count, notes, next };
}

function ownNote(leavesOut: boolean): string {
  return leavesOut
    ? "examples are drawn from the questions themselves, without the one that is asked (lm-evaluation-harness may draw that too: --parity)"
    : "as in lm-evaluation-harness, examples may hold the question that is asked, with its answer";
}
