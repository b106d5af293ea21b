/** The record of a run as it is now, and how it differs from that of a checkpoint. */
import type { SourceFile } from "../../data/index.js";
import type { ModelPlace } from "../../generate/index.js";
import type { Device } from "../../tensor/index.js";
import type { ChatTemplate } from "../../text/index.js";
import { CheckpointError } from "../../util/errors.js";
import type { TrainingConfig } from "../config/index.js";
import { compareData, compareEvalData, recordData } from "./dataFiles.js";
import { type Differences, joinDifferences } from "./differences.js";
import { compareMachines, thisMachine } from "./machine.js";
import { compareModels, modelFiles, tokenizerFiles } from "./modelFiles.js";
import type { RunRecord } from "./record.js";

/** What a run is made of. */
export interface RunFacts {
  /** Before it is fitted to the device. */
  config: TrainingConfig;
  device: Device;
  processes: number;
  base: ModelPlace;
  text: { tokenizerPath: string; template: Pick<ChatTemplate, "name" | "variables"> };
  /** Files of train_file, watched since they were opened. */
  files: readonly RecordedFile[];
  /** Files of evaluations, where they are not those of train_file. */
  evalFiles?: readonly RecordedFile[] | undefined;
}

type RecordedFile = Pick<SourceFile, "file" | "state"> & { rows?: number };

export async function recordRun(facts: RunFacts): Promise<RunRecord> {
  const { config, device, processes, base, text, files, evalFiles } = facts;
  const { name, variables } = text.template;
  return {
    version: 1,
    config: { ...config },
    machine: thisMachine(device),
    processes,
    // Whole models go on from the checkpoint's weights alone.
    ...(config.train_mode === "full" ? {} : { model: await modelFiles(base) }),
    text: {
      template: name,
      ...(variables && Object.keys(variables).length > 0 ? { variables } : {}),
      files: await tokenizerFiles(text.tokenizerPath),
    },
    data: {
      train: recordData(config.train_file, files),
      ...(evalFiles ? { eval: recordData(config.eval_file ?? [], evalFiles) } : {}),
    },
  };
}

/** What differs besides settings. @param accepted the key resume_changes */
export async function compareRecords(
  before: RunRecord,
  now: RunRecord,
  accepted: TrainingConfig["resume_changes"],
): Promise<Differences> {
  const accepts = accepted === "all";
  const machines = compareMachines(before.machine, now.machine);
  if (accepted === "none") refuseLines(machines);
  const parts = [
    machines,
    compareModels(before, now, accepts),
    await compareData("train_file", before.data.train, now.data.train, accepts),
  ];
  if (before.data.eval && now.data.eval) {
    parts.push(await compareEvalData(before.data.eval, now.data.eval, accepts));
  }
  return joinDifferences(parts);
}

function refuseLines({ lines, refusals }: Differences): void {
  for (const line of lines.splice(0)) {
    const todo = "go on where the checkpoint was written, or without --resume_changes none";
    refusals.push(new CheckpointError(line.replace(/\.$/, ""), { todo }));
  }
}
