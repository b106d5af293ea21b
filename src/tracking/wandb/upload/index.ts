/** Uploads a run to W&B while it goes on. */
export { wandbApi } from "./api.js";
export { openWandbSession, uploadTask, type WandbUpload } from "./session.js";
