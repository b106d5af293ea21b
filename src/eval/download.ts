/** Benchmarks that can be had by name: archives that their publishers keep on the hub. */
import { join } from "node:path";
import { fetchRepository, type HubOptions, parseRepositoryName } from "../hub/index.js";
import { ConfigError } from "../util/errors.js";
import { isDialogueName } from "./dialogue/index.js";
import { selectTasks } from "./registry.js";
import type { Benchmark, Protocol } from "./types.js";

/**
 * Downloads the archives of all benchmarks that tasks need into the hub's cache, or finds them there: from
 * `HF_ENDPOINT` where it names a mirror, resumed where it was interrupted, without a network where
 * `HF_HUB_OFFLINE` says so. Benchmarks of the user's own have files already.
 *
 * @returns paths of archives by the name of the benchmark, for `dataDir`
 * @throws ConfigError naming those that only their publishers' pages offer, and where to put them
 * @throws DataError, EnvironmentError where the hub does not have one or cannot be reached
 */
export async function downloadBenchmarks(
  choice: {
    tasks: readonly string[];
    protocol?: Protocol | undefined;
    benchmarks?: readonly Benchmark[] | undefined;
  },
  options: HubOptions = {},
): Promise<Record<string, string>> {
  const names = choice.tasks.filter((name) => !isDialogueName(name));
  const { tasks } = selectTasks(names, choice.protocol ?? "lm-eval", choice.benchmarks);
  const needed = [...new Set(tasks.map(({ benchmark }) => benchmark))].filter(
    ({ folder }) => folder === undefined,
  );
  const byHand = needed.filter(({ archive }) => archive === undefined);
  if (byHand.length > 0) throw onlyByHand(byHand);
  const archives: Record<string, string> = {};
  for (const { name, archive } of needed) archives[name] = await fetchArchive(archive!, options);
  return archives;
}

async function fetchArchive(address: string, options: HubOptions): Promise<string> {
  const repository = parseRepositoryName(address, "dataset")!;
  const { folder } = await fetchRepository(repository, () => [repository.path], options);
  return join(folder, repository.path);
}

function onlyByHand(benchmarks: readonly Benchmark[]): ConfigError {
  const names = benchmarks.map(({ name }) => name).join(", ");
  const places = benchmarks.map(({ name, source }) => `${source} (as DIR/${name})`);
  return new ConfigError(`${names} cannot be downloaded by name`, {
    why: "their publishers offer them on their own pages only, and not in this form on the hub",
    todo: `clone, or save the ZIP of, ${places.join(", ")}, and give DIR with --data`,
  });
}
