/** Says what a run is made of, and refuses to go on from a checkpoint that was made of something else. */
import type { StreamingData, TrainingData } from "../data/index.js";
import type { ModelPlace } from "../generate/index.js";
import {
  compareRecords,
  joinDifferences,
  type RunRecord,
  recordRun,
  settle,
} from "./resume/index.js";
import type { Run } from "./run.js";
import type { DataText } from "./trainingFiles.js";

/** What is open, and not yet trained with. */
export interface OpenedParts {
  base: ModelPlace;
  text: DataText;
  data: TrainingData | StreamingData;
  evaluationData: TrainingData | undefined;
}

/**
 * The record of a run, which its checkpoints will hold. What differs from the checkpoint that it goes
 * on from is told.
 *
 * @throws CheckpointError, DataError where it may not differ
 */
export async function identifyRun(run: Run, parts: OpenedParts): Promise<RunRecord> {
  const { loaded, device, world, checkpoint, say } = run;
  const { base, text, data, evaluationData } = parts;
  const { config } = loaded;
  const record = await recordRun({
    config,
    device,
    processes: world.size,
    base,
    text,
    files: data.files,
    evalFiles: config.val_size > 0 ? undefined : evaluationData?.files,
  });
  if (!checkpoint) return record;
  const { changes, record: before } = checkpoint;
  const found = before
    ? joinDifferences([changes, await compareRecords(before, record, config.resume_changes)])
    : changes;
  settle(found, say);
  return record;
}
