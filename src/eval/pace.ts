/** How long the rest of an evaluation takes, by how fast the work before it went. */
import { noWork, type Work } from "./work.js";

/** Seconds of work after which a measurement counts half, so that a change of speed shows. */
const HALF_LIFE = 60;

/** What is expected of the work that is left. */
export interface TimeLeft {
  seconds: number;
  /** Whether it takes longer, by work of a kind whose speed is not known yet. */
  isLeast: boolean;
}

export interface Pace {
  /**
   * @param done work that was computed so far, without what was known before
   * @param kind what was computed since the last call
   * @param seconds on any clock
   */
  update(done: Work, kind: keyof Work, seconds: number): void;
  /** @returns nothing as long as no speed is known */
  timeLeft(left: Work): TimeLeft | undefined;
}

/** @param start seconds on the clock of the updates */
export function createPace(start: number): Pace {
  const kinds = Object.keys(noWork) as (keyof Work)[];
  const speeds = { scoring: { work: 0, seconds: 0 }, generating: { work: 0, seconds: 0 } };
  let before = noWork;
  let last = start;
  return {
    update(done, kind, seconds) {
      const speed = speeds[kind];
      const passed = Math.max(0, seconds - last);
      const kept = 0.5 ** (passed / HALF_LIFE);
      speed.work = speed.work * kept + done[kind] - before[kind];
      speed.seconds = speed.seconds * kept + passed;
      before = done;
      last = seconds;
    },
    timeLeft(left) {
      const due = kinds.filter((kind) => left[kind] > 0);
      const known = due.filter((kind) => speeds[kind].work > 0);
      if (due.length > 0 && known.length === 0) return undefined;
      const seconds = known.reduce(
        (sum, kind) => sum + (left[kind] * speeds[kind].seconds) / speeds[kind].work,
        0,
      );
      return { seconds, isLeast: known.length < due.length };
    },
  };
}
