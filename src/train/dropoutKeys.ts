/** Which dropout masks a part of a step has: whoever computes it again must have the same. */
import { hashKey } from "../util/hash.js";
import type { TrainingParts } from "./trainingParts.js";

/**
 * The keys of the masks of a micro-batch, by branch.
 *
 * @param step that lie behind
 * @param part of the window, in this process
 */
export function dropoutKeys(
  { config, world }: Pick<TrainingParts, "config" | "world">,
  step: number,
  part: number,
): (branch: number) => number {
  const place = part * world.size + world.rank;
  return (branch) => hashKey(config.seed, step, place, branch);
}
