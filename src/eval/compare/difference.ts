/** One difference between two models with all that says how far to believe it. */
import {
  NORMAL_80,
  NORMAL_95,
  normalTwoSided,
  studentQuantile,
  studentTwoSided,
} from "./distributions.js";
import { type McNemar, mcNemar } from "./mcnemar.js";

/** How a p-value was found. */
export type TestMethod = McNemar["method"] | "t" | "z";

/**
 * - `same`: every question has the same score;
 * - `noise`: other questions of the same kind could as well have given the opposite;
 * - `borderline`: the interval and the test disagree about that;
 * - `one of many`: real if it were the only one, but of so many tasks some differ by chance (Holm);
 * - `real`: not noise.
 */
export type Verdict = "same" | "noise" | "borderline" | "one of many" | "real";

/** Tuned minus base; all values are shares (1 is 100 points) or in the metric's own unit. */
export interface Difference {
  /** Task or group. */
  name: string;
  /** Metric and filter, such as `acc,none`. */
  metric: string;
  /** Questions that both were asked. */
  size: number;
  base: number;
  tuned: number;
  difference: number;
  /** Of the difference, paired by question. */
  stderr: number | null;
  /** 95 %; null where there are too few questions. */
  interval: readonly [low: number, high: number] | null;
  /** Two-sided: how often chance alone gives a difference as large. */
  p: number;
  test: TestMethod;
  /** Where each question is right or wrong. */
  mcNemar?: McNemar;
  /** p among all tasks with this metric, by Holm. */
  adjusted?: number;
  verdict: Verdict;
  /** The smallest true difference that as many questions show in four of five cases. */
  detectable: number | null;
  /** Questions that a true difference of this size needs to show in four of five cases. */
  needed: number | null;
}

/** Two-sided level of all tests, and 1 minus the coverage of all intervals. */
export const LEVEL = 0.05;

/** Facts from which {@link judge} makes a {@link Difference}. */
export interface Observed {
  name: string;
  metric: string;
  size: number;
  base: number;
  tuned: number;
  stderr: number | null;
  /** Degrees of freedom of the standard error; without it the normal distribution is used. */
  freedom?: number;
  /** Where all scores are 0 or 1: questions that the base alone, or the tuned model alone, has right. */
  discordant?: { lost: number; gained: number };
  /**
   * Whether the interval may come from the discordant pairs alone, which holds where all questions weigh alike.
   */
  isSimple: boolean;
  /** Whether any question has another score. */
  differs: boolean;
}

/** Interval, test, verdict and power of an observed difference. */
export function judge(observed: Observed): Difference {
  const { name, metric, size, base, tuned, stderr, freedom, discordant, isSimple } = observed;
  const difference = tuned - base;
  // A task has an interval of its own kind where scores are right or wrong; a group only where none differ.
  const isOfPairs = isSimple && (freedom !== undefined || !stderr);
  const simple = discordant && isOfPairs ? discordantInterval(discordant, size) : undefined;
  const spread = simple?.stderr ?? (stderr === 0 ? null : stderr);
  const quantile = freedom === undefined ? NORMAL_95 : studentQuantile(LEVEL, freedom);
  const interval =
    simple?.interval ??
    (spread === null
      ? null
      : ([difference - quantile * spread, difference + quantile * spread] as const));
  const pairs = discordant && isSimple ? mcNemar(discordant.lost, discordant.gained) : undefined;
  const p = pairs?.p ?? pOf(difference, stderr, freedom);
  const reach = NORMAL_95 + NORMAL_80;
  const isNothing = difference === 0 || spread === null;
  return {
    name,
    metric,
    size,
    base,
    tuned,
    difference,
    stderr,
    interval,
    p,
    test: pairs?.method ?? (freedom === undefined ? "z" : "t"),
    ...(discordant && isSimple && pairs ? { mcNemar: pairs } : {}),
    verdict: observed.differs ? verdictOf(interval, p) : "same",
    detectable: spread === null ? null : reach * spread,
    needed: isNothing ? null : Math.ceil(size * ((reach * spread) / difference) ** 2),
  };
}

function pOf(difference: number, stderr: number | null, freedom: number | undefined): number {
  if (stderr === null || difference === 0) return 1;
  if (stderr === 0) return 0;
  const t = difference / stderr;
  return freedom === undefined ? normalTwoSided(t) : studentTwoSided(t, freedom);
}

function verdictOf(interval: readonly [number, number] | null, p: number): Verdict {
  if (interval === null) return "noise";
  const [low, high] = interval;
  const excludesZero = low > 0 || high < 0;
  if (excludesZero !== p < LEVEL) return "borderline";
  return excludesZero ? "real" : "noise";
}

/**
 * Bonett & Price's interval for the difference of two paired shares (2012, Journal of Educational and
 * Behavioral Statistics 37:479): one more question in each kind of discordant pair, so that it is honest with
 * few of them, and never empty.
 */
function discordantInterval({ lost, gained }: { lost: number; gained: number }, size: number) {
  const [less, more] = [(lost + 1) / (size + 2), (gained + 1) / (size + 2)];
  const stderr = Math.sqrt((less + more - (more - less) ** 2) / (size + 2));
  const centre = more - less;
  const half = NORMAL_95 * stderr;
  return {
    stderr,
    interval: [Math.max(-1, centre - half), Math.min(1, centre + half)] as const,
  };
}
