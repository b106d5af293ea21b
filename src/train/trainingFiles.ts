/** From the files and sources of a configuration to training data. */
import { availableParallelism } from "node:os";
import type { DataSource, SourceShare } from "../data/index.js";
import type { TrainingConfig } from "./config/index.js";

/** What `train_file` and `eval_file` name, as files on this machine. */
export async function resolveFiles(
  given: readonly TrainingConfig["train_file"][number][],
): Promise<(string | DataSource)[]> {
  return given.map((source) => {
    if (typeof source === "string") return source;
    const { path, ...share } = source;
    return { ...share, files: path };
  });
}

/** Threads that read and tokenise: as many as asked for, or one for every four cores, up to 4. */
export function countWorkers({
  dataloader_num_workers: asked,
}: Pick<TrainingConfig, "dataloader_num_workers">): number {
  return asked ?? Math.min(4, Math.max(1, Math.floor(availableParallelism() / 4)));
}

/** What an epoch takes of each source, a line each; nothing where it takes all of one. */
export function describeShares(sources: readonly SourceShare[]): string[] {
  const plain = sources.every(({ rows, rowsInFiles, rowsPerEpoch }) => {
    return rows === rowsInFiles && rowsPerEpoch === rows;
  });
  if (plain && sources.length === 1) return [];
  const total = sources.reduce((sum, { rowsPerEpoch }) => sum + rowsPerEpoch, 0);
  const number = (value: number) => value.toLocaleString("en");
  return sources.map(({ name, rows, rowsInFiles, rowsPerEpoch }) => {
    const share = `${((100 * rowsPerEpoch) / total).toFixed(1)} %`;
    const limited = rows < rowsInFiles ? ` of ${number(rowsInFiles)}` : "";
    const times = rowsPerEpoch === rows ? "" : `, ${(rowsPerEpoch / rows).toFixed(2)} times`;
    return `${name}: ${number(rowsPerEpoch)} rows an epoch (${share}) from ${number(rows)}${limited} rows${times}`;
  });
}
