/** What differs between a checkpoint and what would go on from it. */
import { joinErrors, type TunewrightError } from "../../util/errors.js";

export interface Differences {
  /** Each of them stands in the way of going on. */
  readonly refusals: TunewrightError[];
  /** What to know, a line each. */
  readonly lines: string[];
  /** Whether the losses will not be those of a run that was never stopped. */
  changesCourse: boolean;
}

export function noDifferences(): Differences {
  return { refusals: [], lines: [], changesCourse: false };
}

export function joinDifferences(parts: readonly Differences[]): Differences {
  return {
    refusals: parts.flatMap(({ refusals }) => refusals),
    lines: parts.flatMap(({ lines }) => lines),
    changesCourse: parts.some(({ changesCourse }) => changesCourse),
  };
}

/** The lines to tell, with what they come to. */
export function linesOf({ lines, changesCourse }: Differences): string[] {
  if (!changesCourse) return [...lines];
  return [...lines, "From here on, losses are not those of a run that was never stopped."];
}

/** @throws the first refusal, which holds the others */
export function settle(found: Differences, say: (line: string) => void): void {
  if (found.refusals.length > 0) throw joinErrors(found.refusals);
  for (const line of linesOf(found)) say(line);
}
