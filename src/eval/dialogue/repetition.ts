/** What an answer says again: within itself, and of what was said before it. */
import { unitsOf } from "./units.js";

/** Length of the sequences that are counted, as in rep-4 of Welleck et al. (2020, arXiv 1908.04319), section 6. */
const LENGTH = 4;
/** A loop that an answer ends in comes around this often, and is at least so many units long. */
const LOOP_ROUNDS = 3;
const LOOP_UNITS = 20;

function sequencesOf(units: readonly (string | number)[]): string[] {
  const count = Math.max(0, units.length - LENGTH + 1);
  return Array.from({ length: count }, (_, i) => units.slice(i, i + LENGTH).join(" "));
}

/** Sequences of four units of an answer, or of its tokens, and how many of them it had before. */
export function countRepeated(units: readonly (string | number)[]): {
  all: number;
  repeated: number;
} {
  const sequences = sequencesOf(units);
  return { all: sequences.length, repeated: sequences.length - new Set(sequences).size };
}

/** Share of an answer's sequences of four units that it had before; 0 where it has none. */
export function repetition(answer: string): number {
  const { all, repeated } = countRepeated(unitsOf(answer));
  return all === 0 ? 0 : repeated / all;
}

/** Share of an answer's sequences of four units that an earlier answer had; undefined where it has none. */
export function overlap(answer: string, earlier: readonly string[]): number | undefined {
  const sequences = sequencesOf(unitsOf(answer));
  if (sequences.length === 0) return undefined;
  const said = new Set(earlier.flatMap((text) => sequencesOf(unitsOf(text))));
  return sequences.filter((sequence) => said.has(sequence)).length / sequences.length;
}

/** Where an answer says something several times in a row. */
export interface Loops {
  /** Units of the longest stretch that is one sequence said twice or more in a row; 0 where there is none. */
  longest: number;
  /** Whether the answer ends in such a stretch, three times around and 20 units long or more. */
  atEnd: boolean;
}

export function findLoops(answer: string): Loops {
  const places = new Map<string, number>();
  const units = Int32Array.from(unitsOf(answer), (unit) => {
    const place = places.get(unit) ?? places.size;
    places.set(unit, place);
    return place;
  });
  let longest = 0;
  let atEnd = false;
  for (let period = 1; period <= units.length / 2; period++) {
    let same = 0;
    for (let i = period; i < units.length; i++) {
      same = units[i] === units[i - period] ? same + 1 : 0;
      if (same >= period) longest = Math.max(longest, same + period);
    }
    if (same + period >= Math.max(LOOP_ROUNDS * period, LOOP_UNITS)) atEnd = true;
  }
  return { longest, atEnd };
}
