/** The uploads that there are: each task as a session with its server. */
import { mlflowService, mlflowSettings } from "./mlflow/index.js";
import { swanlabService, swanlabSettings } from "./swanlab/index.js";
import {
  openSession,
  type RunConfigValues,
  type RunUpload,
  type SendJson,
  type Service,
  type UploadSession,
} from "./upload/index.js";
import { openWandbSession, type WandbUpload, wandbApi } from "./wandb/upload/index.js";

type MakeService = (send: SendJson, env: NodeJS.ProcessEnv, config: RunConfigValues) => Service;

/** Servers that are sent `events.jsonl` itself, by the names of `report_to`. */
export const services: Readonly<Record<string, MakeService>> = {
  mlflow: (send, env, config) => mlflowService(send, env, mlflowSettings(env, config)),
  swanlab: (send, env, config) => swanlabService(send, swanlabSettings(env, config)),
};

/** What an uploading thread does. */
export type UploadTask = RunUpload | WandbUpload;

/** @throws ConfigError for a variable that cannot be used */
export function sessionOf(
  task: UploadTask,
  send: SendJson,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): UploadSession {
  if ("access" in task) return openWandbSession(task, wandbApi(task.access, send), say);
  const service = services[task.name]!(send, env, task.run.config);
  return openSession({ ...task, service, say });
}
