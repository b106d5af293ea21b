/** The mean cross entropy of the labelled tokens: supervised fine-tuning and pretraining. */
import { countLabelled, evaluationPass, trainingPass } from "../pass.js";
import type { Objective } from "./objective.js";

export const crossEntropy: Objective = {
  units: countLabelled,
  trainingPass,
  evaluationPass,
};
