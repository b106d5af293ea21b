/** What `train --resume` would refuse, or tell, of the checkpoint that it would go on from. */
import { fileStateOf } from "../../data/index.js";
import {
  compareCheckpoint,
  compareRecords,
  joinDifferences,
  type LoadedConfig,
  linesOf,
  openWorld,
  type RunFacts,
  recordRun,
  resolveResume,
} from "../../train/index.js";
import { TunewrightError } from "../../util/errors.js";
import type { DataReport, Finding } from "./report.js";

interface ResumeParts extends Pick<RunFacts, "base" | "text" | "device"> {
  data: readonly Pick<DataReport, "role" | "files">[];
}

/** Looks only: nothing in the run is tidied or renamed. Nothing is found where no run is to go on. */
export async function checkResume(loaded: LoadedConfig, parts: ResumeParts): Promise<Finding[]> {
  const { config } = loaded;
  try {
    const { checkpoint, warnings } = await resolveResume(
      config.output_dir,
      config.resume_from_checkpoint,
      { readOnly: true },
    );
    const known = warnings.map((what) => ({ what, blocking: false }));
    if (!checkpoint) return known;
    const processes = openWorld(process.env).size;
    const { found, record } = compareCheckpoint(checkpoint.path, loaded, processes);
    const now = record && (await recordRun({ config, processes, ...(await factsOf(parts)) }));
    const all = now
      ? joinDifferences([found, await compareRecords(record, now, config.resume_changes)])
      : found;
    return [
      ...known,
      ...all.refusals.map(asFinding),
      ...linesOf(all).map((what) => ({ what, blocking: false })),
    ];
  } catch (error) {
    if (error instanceof TunewrightError) return [asFinding(error)];
    throw error;
  }
}

async function factsOf({ data, ...rest }: ResumeParts) {
  const states = async (role: DataReport["role"]) => {
    const files = data.find((part) => part.role === role)?.files;
    if (!files) return undefined;
    return Promise.all(
      files.map(async ({ file, rows }) => ({ file, rows, state: await fileStateOf(file) })),
    );
  };
  return { ...rest, files: (await states("train")) ?? [], evalFiles: await states("eval") };
}

function asFinding({ message: what, why, todo }: TunewrightError): Finding {
  return {
    what,
    ...(why === undefined ? {} : { why }),
    ...(todo === undefined ? {} : { todo }),
    blocking: true,
  };
}
