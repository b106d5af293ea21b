/** Checkpoints on disk: saved whole, verified, found again, rotated. Tensors are not its business. */
export { howToGoOn, whereFilesFail } from "./failure.js";
export { type CheckpointFiles, realFiles } from "./files.js";
export {
  type FindOptions,
  type FoundCheckpoint,
  findLatestCheckpoint,
  resolveResume,
  setAsideLater,
} from "./find.js";
export { type Manifest, type Verification, verifyCheckpoint } from "./manifest.js";
export { type CheckpointPlace, checkpointName, listCheckpoints, listMatching } from "./names.js";
export { finishResult, resultName, saveResult, stagedName, verifyResult } from "./result.js";
export { freeBytes, type RoomOptions, requireRoom, saveWithRoom } from "./room.js";
export { type SavedCheckpoint, type SaveOptions, saveCheckpoint } from "./save.js";
