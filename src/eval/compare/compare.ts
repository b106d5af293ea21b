/** Base against tuned: what changed by task and by group, and whether it is more than noise. */
import type { Evaluation } from "../evaluate.js";
import { meanEstimate } from "../metrics.js";
import { leavesOf } from "../results.js";
import type { Group, Protocol } from "../types.js";
import { type Difference, judge, LEVEL, type Observed } from "./difference.js";
import { type Flip, flipsOf } from "./flips.js";
import { knownTask } from "./knownTask.js";
import { holm } from "./mcnemar.js";
import { pairSamples, type SamplePair } from "./pairs.js";

/** A difference of a group's average. */
export interface GroupDifference extends Difference {
  average: "micro" | "macro" | "weighted";
  /** Whether it is the average that the group's protocol prescribes; the others stand beside it. */
  isOwn: boolean;
  /**
   * Standard error if the tasks themselves were drawn from many (clusters), not just their questions; null for
   * fewer than two tasks.
   *
   * @see Miller 2024, Adding Error Bars to Evals, arXiv 2411.00640, section 2.2
   */
  clusteredStderr: number | null;
}

export interface Comparison {
  tasks: readonly Difference[];
  groups: readonly GroupDifference[];
  /** Questions whose score changed, by task. */
  flips: readonly Flip[];
  /** Tasks that only one evaluation has; they are not compared. */
  onlyBase: readonly string[];
  onlyTuned: readonly string[];
  /** Tasks among which p was adjusted, by metric. */
  tested: Readonly<Record<string, number>>;
}

/**
 * Compares two evaluations of the same questions.
 *
 * Differences are paired by question. Of a group's average the questions of each task are a sample of their
 * own (a stratified standard error), as in lm-evaluation-harness.
 *
 * @throws DataError where the two were not asked the same questions in the same words
 */
export function compareEvaluations(base: Evaluation, tuned: Evaluation): Comparison {
  const { tasks: pairs, onlyBase, onlyTuned } = pairSamples(base, tuned);
  const parts = [...pairs].flatMap(([name, samples]) => partsOf(name, samples, base, tuned));
  const metrics = new Set(parts.map(({ observed }) => observed.metric));
  const tested: Record<string, number> = {};
  const tasks = new Map(parts.map((part) => [part, judge(part.observed)]));
  for (const metric of metrics) {
    const family = parts.filter(({ observed }) => observed.metric === metric);
    tested[metric] = family.length;
    if (family.length < 2) continue;
    const adjusted = holm(family.map((part) => tasks.get(part)!.p));
    family.forEach((part, i) => {
      tasks.set(part, withAdjusted(tasks.get(part)!, adjusted[i]!));
    });
  }
  return {
    tasks: [...tasks.values()],
    groups: Object.keys(tuned.groups).flatMap((name) => groupDifferences(name, parts, base, tuned)),
    flips: [...pairs].flatMap(([name, samples]) => flipsOf(name, samples)),
    onlyBase,
    onlyTuned,
    tested,
  };
}

function withAdjusted(difference: Difference, adjusted: number): Difference {
  const isLost = difference.verdict === "real" && adjusted >= LEVEL;
  return { ...difference, adjusted, ...(isLost ? { verdict: "one of many" } : {}) };
}

/** One metric of one task. */
interface Part {
  observed: Observed;
}

function protocolOf({ results }: Evaluation, name: string) {
  return results[name]?.protocol ?? "lm-eval";
}

function partsOf(
  name: string,
  samples: readonly SamplePair[],
  base: Evaluation,
  tuned: Evaluation,
): Part[] {
  const filters = [...new Set(samples.map(({ tuned: { filter } }) => filter))];
  return filters.flatMap((filter) => {
    const pairs = samples.filter(({ tuned: sample }) => sample.filter === filter);
    return (pairs[0]?.tuned.metrics ?? []).map((metric): Part => {
      const key = `${metric},${filter}`;
      return partOf({
        name,
        key,
        metric,
        pairs,
        protocol: protocolOf(tuned, name),
        base: pairs.map((pair) => Number(pair.base[metric])),
        tuned: pairs.map((pair) => Number(pair.tuned[metric])),
        reported: [base, tuned].map(({ results }) => numberOf(results[name]?.[key])),
      });
    });
  });
}

/** The scores of one metric of one task, by question. */
interface Scored {
  name: string;
  /** Metric and filter. */
  key: string;
  metric: string;
  pairs: readonly SamplePair[];
  protocol: Protocol;
  base: readonly number[];
  tuned: readonly number[];
  /** What the results say of base and tuned. */
  reported: readonly (number | undefined)[];
}

function partOf(scored: Scored): Part {
  const { name, key, base, tuned, reported } = scored;
  const size = base.length;
  const differences = tuned.map((value, i) => value - base[i]!);
  const means = [meanEstimate(base).value, meanEstimate(tuned).value] as const;
  const isMean = reported.every((value, i) => value === undefined || near(value, means[i]!));
  const isBinary = [...base, ...tuned].every((value) => value === 0 || value === 1);
  const observed = {
    name,
    metric: key,
    size,
    base: reported[0] ?? means[0],
    tuned: reported[1] ?? means[1],
    isSimple: isMean,
    differs: differences.some((difference) => difference !== 0),
    ...(isBinary ? { discordant: discordantOf(differences) } : {}),
  };
  if (!isMean) return { observed: { ...observed, stderr: jackknife(scored) } };
  const { stderr } = meanEstimate(differences);
  return { observed: { ...observed, stderr, freedom: Math.max(1, size - 1) } };
}

const near = (one: number, other: number) => Math.abs(one - other) < 1e-9;
const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);

function discordantOf(differences: readonly number[]) {
  return {
    lost: differences.filter((difference) => difference < 0).length,
    gained: differences.filter((difference) => difference > 0).length,
  };
}

/**
 * Standard error of the difference of two scores that are no means: the task's own aggregation, with each
 * question left out once (Efron 1982, The Jackknife). Null where the task is not known or not one number.
 */
function jackknife({ name, metric, pairs, protocol, base, tuned }: Scored): number | null {
  const task = knownTask(name, protocol);
  if (!task?.aggregate || pairs.length < 2) return null;
  const docs = pairs.map(({ tuned: { doc } }) => doc);
  const estimates = docs.map((_, left) => {
    const kept = docs.toSpliced(left, 1);
    const of = (values: readonly number[]) =>
      task.aggregate!(metric, values.toSpliced(left, 1), kept)?.value ?? Number.NaN;
    return of(tuned) - of(base);
  });
  const { value } = meanEstimate(estimates);
  const squares = estimates.reduce((sum, estimate) => sum + (estimate - value) ** 2, 0);
  const stderr = Math.sqrt((squares * (pairs.length - 1)) / pairs.length);
  return Number.isFinite(stderr) ? stderr : null;
}

/** By the group's own average first, then by the others. */
function groupDifferences(
  name: string,
  parts: readonly Part[],
  base: Evaluation,
  tuned: Evaluation,
): GroupDifference[] {
  const members = new Map(
    Object.entries(tuned.group_subtasks).map(([group, names]) => [group, { members: names }]),
  );
  const leaves = leavesOf(members.get(name) ?? { members: [] }, members);
  const own = tuned.averages?.[name] ?? "micro";
  const metrics = Object.keys(tuned.groups[name] ?? {}).filter(
    (key) => typeof base.groups[name]?.[key] === "number" && !/_(?:stderr|micro|macro),/.test(key),
  );
  return metrics.flatMap((metric) => {
    const having = parts.filter(
      ({ observed }) => observed.metric === metric && leaves.includes(observed.name),
    );
    const isWhole = leaves.every(
      (leaf) => !(leaf in tuned.samples) || having.some(({ observed }) => observed.name === leaf),
    );
    if (having.length === 0 || !isWhole) return [];
    const averages = [own, ...(["micro", "macro"] as const).filter((one) => one !== own)];
    return averages.map((average) => groupDifference(name, metric, having, average, own));
  });
}

function groupDifference(
  name: string,
  metric: string,
  members: readonly Part[],
  average: Group["average"],
  own: Group["average"],
): GroupDifference {
  const weights = weightsOf(members, average);
  const weighted = (pick: (observed: Observed) => number) =>
    members.reduce((sum, { observed }, i) => sum + weights[i]! * pick(observed), 0);
  const difference = weighted(({ base, tuned }) => tuned - base);
  const isKnown = members.every(({ observed }) => observed.stderr !== null);
  const variance = members.reduce(
    (sum, { observed }, i) => sum + (weights[i]! * (observed.stderr ?? 0)) ** 2,
    0,
  );
  const pairs = members.map(({ observed }) => observed.discordant);
  const isBinary = average === "micro" && members.every(({ observed }) => observed.isSimple);
  const judged = judge({
    name,
    metric,
    size: members.reduce((sum, { observed }) => sum + observed.size, 0),
    base: weighted(({ base }) => base),
    tuned: weighted(({ tuned }) => tuned),
    stderr: isKnown ? Math.sqrt(variance) : null,
    isSimple: isBinary,
    differs: members.some(({ observed }) => observed.differs),
    ...(pairs.every((pair) => pair !== undefined)
      ? {
          discordant: {
            lost: pairs.reduce((sum, { lost }) => sum + lost, 0),
            gained: pairs.reduce((sum, { gained }) => sum + gained, 0),
          },
        }
      : {}),
  });
  return {
    ...judged,
    average: typeof average === "string" ? average : "weighted",
    isOwn: average === own,
    clusteredStderr: clusteredStderr(members, weights, difference),
  };
}

function weightsOf(members: readonly Part[], average: Group["average"]): number[] {
  const weights = members.map(({ observed: { name, size } }) => {
    if (average === "micro") return size;
    return average === "macro" ? 1 : (average[name] ?? 0);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Of a weighted mean of tasks that are a sample themselves. */
function clusteredStderr(
  members: readonly Part[],
  weights: readonly number[],
  difference: number,
): number | null {
  if (members.length < 2) return null;
  const squares = members.reduce((sum, { observed: { base, tuned } }, i) => {
    return sum + (weights[i]! * (tuned - base - difference)) ** 2;
  }, 0);
  return Math.sqrt((squares * members.length) / (members.length - 1));
}
