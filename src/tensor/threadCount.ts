/** How many threads the environment asks for. */
import { ConfigError } from "../util/errors.js";

/** More than any machine has; libgomp would try to start them. */
const mostThreads = 4096;

/**
 * `OMP_NUM_THREADS`: a count, or one for each level of nesting, of which the first counts.
 *
 * @returns nothing where it is not set
 * @throws ConfigError for anything else; libgomp would ignore it, or end the process
 */
export function requestedThreads(environment: NodeJS.ProcessEnv): number | undefined {
  const text = environment.OMP_NUM_THREADS?.trim();
  if (!text) return undefined;
  const count = /^\d+(\s*,\s*\d+)*$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (count >= 1 && count <= mostThreads) return count;
  throw new ConfigError(`OMP_NUM_THREADS=${text} is no number of threads`, {
    why: `it must be a whole number from 1 to ${mostThreads}`,
    todo: "unset it, or set it to the number of cores that this program may use",
  });
}
