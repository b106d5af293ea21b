/** A score beside one that somebody published. */
import { ConfigError } from "../../util/errors.js";
import type { Evaluation } from "../evaluate.js";
import { NORMAL_95 } from "./distributions.js";
import { stderrKey } from "./seeds.js";

/** A published score, in points of 100. */
export interface Published {
  /** Task or group. */
  name: string;
  points: number;
}

export interface PublishedComparison {
  name: string;
  metric: string;
  /** Shares: 1 is 100 points. */
  ours: number;
  stderr: number | null;
  published: number;
  difference: number;
  /** The difference in standard errors of ours; null where there is none. */
  standardErrors: number | null;
  /** Whether it is more than the choice of questions explains. */
  isMoreThanNoise: boolean | null;
}

/**
 * Reads `mmlu=54.0`.
 *
 * @throws ConfigError for another form, or a value that is no number of points
 */
export function parsePublished(text: string): Published {
  const [, name, digits] = /^\s*([^=]+?)\s*=\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(text) ?? [];
  const points = Number(digits);
  if (name === undefined || !(points <= 100)) {
    throw new ConfigError(`${text} is not a published score`, {
      todo: "write the name of a task or group and its points of 100: mmlu=54.0",
    });
  }
  if (points > 0 && points < 1) {
    throw new ConfigError(`${text} is less than one point of 100`, {
      todo: `write points, not a share: ${name}=${Number((points * 100).toPrecision(6))}`,
    });
  }
  return { name, points };
}

/**
 * Sets scores beside published ones, by the first metric of each task or group.
 *
 * @throws ConfigError for a name that was not evaluated
 */
export function compareWithPublished(
  { results }: Pick<Evaluation, "results">,
  published: readonly Published[],
): PublishedComparison[] {
  return published.map(({ name, points }) => {
    const entry = results[name];
    const metric = Object.keys(entry ?? {}).find(
      (key) => typeof entry![key] === "number" && key.includes(","),
    );
    if (!entry || metric === undefined) {
      throw new ConfigError(`${name} has a published score but was not evaluated`, {
        todo: `evaluated were ${Object.keys(results).slice(0, 5).join(", ")}`,
      });
    }
    const ours = entry[metric] as number;
    const given = entry[stderrKey(metric)];
    const stderr = typeof given === "number" && given > 0 ? given : null;
    const difference = ours - points / 100;
    const standardErrors = stderr === null ? null : difference / stderr;
    return {
      name,
      metric,
      ours,
      stderr,
      published: points / 100,
      difference,
      standardErrors,
      isMoreThanNoise: standardErrors === null ? null : Math.abs(standardErrors) > NORMAL_95,
    };
  });
}
