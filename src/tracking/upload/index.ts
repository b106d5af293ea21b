/** Uploads to tracking servers: off the training thread, from `events.jsonl`, each value once. */
export {
  type JsonAnswer,
  type JsonRequest,
  jsonSender,
  type SendJson,
  ServerError,
} from "./http.js";
export { factsOf, serverTracker } from "./kind.js";
export { startLoop, type UploadReport } from "./loop.js";
export type {
  EndReason,
  OpenedRun,
  Point,
  RunConfigValues,
  RunFacts,
  SavedRun,
  Service,
  TextPoint,
} from "./service.js";
export { openSession, type RunUpload, type UploadSession } from "./session.js";
export {
  type Upload,
  type UploadAnswer,
  type UploadJob,
  type UploadSettings,
  uploadBeside,
} from "./uploader.js";
