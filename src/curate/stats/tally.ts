/** Counts under names, each with the first places where it was found. */
import type { Source } from "../../text/index.js";

export interface Tally {
  rows: number;
  /** The first of them. */
  places: Source[];
}

export type Tallies = Map<string, Tally>;

const keptPlaces = 3;
/** Names beyond this number are counted together, so that odd data does not fill the memory. */
const mostNames = 500;
export const otherName = "(others)";

export function addTally(tallies: Tallies, name: string, rows: number, places: Source[]): void {
  const known = tallies.has(name) || tallies.size < mostNames ? name : otherName;
  const tally = tallies.get(known);
  if (!tally) {
    tallies.set(known, { rows, places: places.slice(0, keptPlaces) });
    return;
  }
  tally.rows += rows;
  tally.places.push(...places.slice(0, keptPlaces - tally.places.length));
}

export function mergeTallies(into: Tallies, other: Tallies): void {
  for (const [name, { rows, places }] of other) addTally(into, name, rows, places);
}

/** The most frequent first. */
export function sortedTallies(tallies: Tallies): (Tally & { name: string })[] {
  return [...tallies]
    .map(([name, tally]) => ({ name, ...tally }))
    .sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
}
