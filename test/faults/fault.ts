/** What a fault test is, and how its outcome is counted and told. */

/** Outcome of the trials of one fault. */
export interface Trials {
  n: number;
  /** One line for each trial that failed. */
  failures: string[];
  /** Whether the trials are all cases that there are, so that no bound is to be told. */
  isComplete?: boolean;
  /** Figures and facts worth a line. */
  notes: string[];
}

export interface FaultContext {
  /** Trials asked for. */
  count: number;
  /** Integers from 0 up to, but not including, a limit; the same for the same seed. */
  random: (limit: number) => number;
}

export interface Fault {
  /** As in the table of docs/faults.md. */
  id: string;
  title: string;
  /** Trials in the full set; 0 where the fault itself tells, since all cases are enumerated. */
  count: number;
  /** Trials in the short set, which runs with all other tests; undefined where it is not part of it. */
  short?: number;
  /** Why it cannot run here; nothing where it can. */
  missing?: () => string | undefined;
  run: (context: FaultContext) => Promise<Trials>;
}

/** Collects trials: one that throws has failed. */
export function trials() {
  const outcome: Trials = { n: 0, failures: [], notes: [] };
  return {
    outcome,
    async trial(name: string, action: () => void | Promise<void>): Promise<void> {
      outcome.n += 1;
      try {
        await action();
      } catch (error) {
        outcome.failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

/**
 * With no failure in n independent trials, the chance of one is below this with 95 % confidence
 * (Clopper and Pearson's interval for 0 of n).
 */
export function upperBound(n: number): number {
  return 1 - 0.05 ** (1 / n);
}

/** Throws unless a fact holds. */
export function require(fact: boolean, what: string): asserts fact {
  if (!fact) throw new Error(what);
}

/** Throws unless two plain values are equal; says where they differ first. */
export function requireEqual(got: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(got), JSON.stringify(expected)];
  if (one === other) return;
  let at = 0;
  while (one?.[at] === other?.[at]) at++;
  const part = (text: string | undefined) => text?.slice(Math.max(0, at - 30), at + 50);
  throw new Error(`${what}: …${part(one)}… instead of …${part(other)}…`);
}

export const pick = <Value>(values: readonly Value[], random: FaultContext["random"]): Value =>
  values[random(values.length)]!;
