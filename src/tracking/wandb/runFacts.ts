/** What W&B is told that a run is. */
import type { RunFacts } from "./records.js";
import type { WandbSettings } from "./settings.js";

/** @param startTime of the first row of the file, seconds since 1970 */
export function runFacts(
  { project, entity, group, jobType, name, notes, tags, host }: WandbSettings,
  id: string,
  startTime: number,
  progress: Pick<RunFacts, "startingStep" | "runtime" | "resumed">,
): RunFacts {
  const shown = { project, entity, group, jobType, name, notes, tags, host };
  return { id, ...shown, startTime, ...progress };
}
