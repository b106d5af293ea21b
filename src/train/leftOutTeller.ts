/** Tells of what rows say and training does not learn, where they were not all checked before. */
import type { LeftOutCounts } from "../data/index.js";

/** @returns told of each micro-batch; says everything once, with the first row of it */
export function leftOutTeller(say: (line: string) => void): (leftOut: LeftOutCounts) => void {
  const told = new Set<string>();
  const tell = (what: string, { file, line }: { file: string; line: number }) => {
    if (!told.has(what)) say(`${file}:${line}: ${what}; check counts the rows.`);
    told.add(what);
  };
  return ({ reasoning, keys, joined }) => {
    if (joined) tell("messages of one role in a row are joined", joined.first);
    if (reasoning) tell("the reasoning of turns is left out", reasoning.first);
    for (const [key, { first }] of Object.entries(keys)) {
      tell(`${key} has no effect: neither training nor the chat template reads it`, first);
    }
  };
}
