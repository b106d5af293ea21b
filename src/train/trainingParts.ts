/** What a run is made of when its loop begins. */
import type { LeftOutCounts, StreamingData, TrainingData } from "../data/index.js";
import type { PreparedModel } from "../models/index.js";
import type { DeviceConfig } from "./config/index.js";
import type { PassPlan } from "./memory/index.js";
import type { Objective } from "./objectives/objective.js";
import type { StepParts } from "./optimizerStep.js";
import type { Recorder } from "./recorder.js";

import type { StepPlan } from "./window.js";
import type { World } from "./world.js";

export interface TrainingParts {
  config: DeviceConfig;
  world: World;
  /** The model, ready for passes in the run's data type. */
  prepared: PreparedModel;
  data: TrainingData | StreamingData;
  /** Held-out rows, where the configuration asks for evaluations. */
  evaluationData: TrainingData | undefined;
  objective: Objective;
  plan: StepPlan;
  /** Gradients, optimizer and loss scale. */
  update: StepParts;
  pass: PassPlan;
  recorder: Recorder;
  /** Is told what micro-batches do not hold of their rows. */
  tellLeftOut: (leftOut: LeftOutCounts) => void;
  /** Answers prompts and dialogue at the current step, if that is not on record; gives whether it did. */
  sample: () => Promise<boolean>;
  /** Scores the model on `eval_tasks` at the current step, if that is not on record; gives whether it did. */
  benchmark: () => Promise<boolean>;
  /**
   * Writes a checkpoint of the current step and returns its path.
   * @param isPlanned whether it may be the best one, which none is that a signal asked for
   */
  save: (isPlanned: boolean) => Promise<string>;
  /** Writes the result of the complete run. */
  finish: () => Promise<void>;
  say: (line: string) => void;
}
