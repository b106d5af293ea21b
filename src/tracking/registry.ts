/** The trackers, by the names of `report_to`. */
import type { TrackerName } from "../train/index.js";
import { csv } from "./csv/index.js";
import { mlflow } from "./mlflow/index.js";
import { swanlab } from "./swanlab/index.js";
import { tensorboard } from "./tensorboard/index.js";
import type { TrackerKind } from "./tracker.js";
import { wandb } from "./wandb/index.js";

export const trackerKinds: Readonly<Record<TrackerName, TrackerKind>> = {
  tensorboard,
  wandb,
  csv,
  mlflow,
  swanlab,
};
