/** The tracking servers that are uploaded to, by the names of `report_to`. */
import { mlflowService, mlflowSettings } from "./mlflow/index.js";
import { swanlabService, swanlabSettings } from "./swanlab/index.js";
import type { RunConfigValues, SendJson, Service } from "./upload/index.js";

/** Makes a service from the environment. @throws ConfigError for a value that cannot be used */
export type MakeService = (
  send: SendJson,
  env: NodeJS.ProcessEnv,
  config: RunConfigValues,
) => Service;

export const services: Readonly<Record<string, MakeService>> = {
  mlflow: (send, env, config) => mlflowService(send, env, mlflowSettings(env, config)),
  swanlab: (send, env, config) => swanlabService(send, swanlabSettings(env, config)),
};
