/**
 * What is told of a step once: its held-out loss, sample answers, dialogue, scores. A signal may come between
 * a step and these; a checkpoint knows which of them were told, and the next attempt makes up the rest.
 */
import type { TrainerState } from "./trainerState.js";

const kinds = ["evaluation", "sample", "dialogue", "benchmark"] as const;

/** A type of events, of which a step has what belongs together once. */
export type ToldOnce = (typeof kinds)[number];

/** What is not told of the state's step. */
export function notOnRecord({ onRecord, step }: TrainerState): ToldOnce[] {
  return kinds.filter((kind) => onRecord[kind] !== step);
}

/**
 * Tells something of the state's step, unless it was told before.
 *
 * @param state changed once `tell` has ended well
 * @returns whether it was told now
 */
export async function tellOnce(
  state: TrainerState,
  kind: ToldOnce,
  tell: () => Promise<void>,
): Promise<boolean> {
  if (state.onRecord[kind] === state.step) return false;
  await tell();
  state.onRecord[kind] = state.step;
  return true;
}
