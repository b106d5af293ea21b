/** All faults, in the order of docs/faults.md. */
import { twoCleanings } from "./cleanings.js";
import { badManifests, flippedBits, wrongFileFault } from "./damage.js";
import { everyStep, otherThreads, splitBatches } from "./everyStep.js";
import type { Fault } from "./fault.js";
import { failingDisk, fullDisk, fullLog } from "./fullDisk.js";
import { manyKills, randomKills } from "./kills.js";
import { memoryTaken } from "./memory.js";
import { nonFinite } from "./nonFinite.js";
import { refusals } from "./refusals.js";
import { saveCrashes } from "./saveCrashes.js";
import { otherSignals, termInPhases } from "./signals.js";
import { replayedSteps, spikes } from "./spikes.js";
import {
  changedSettings,
  jumpingClock,
  noNetwork,
  syncOrder,
  twoTrainers,
} from "./surroundings.js";

export const faults: readonly Fault[] = [
  saveCrashes,
  syncOrder,
  randomKills,
  manyKills,
  termInPhases,
  otherSignals,
  fullDisk,
  failingDisk,
  fullLog,
  flippedBits,
  wrongFileFault,
  badManifests,
  everyStep,
  otherThreads,
  changedSettings,
  nonFinite,
  spikes,
  replayedSteps,
  memoryTaken,
  refusals,
  splitBatches,
  noNetwork,
  jumpingClock,
  twoTrainers,
  twoCleanings,
];
