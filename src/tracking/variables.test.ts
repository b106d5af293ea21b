/** Each variable that the table calls followed is followed, and the page of the documentation names it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { TrackerName } from "../train/index.js";
import { packageRoot } from "../util/packageRoot.js";
import { mlflow, mlflowSettings } from "./mlflow/index.js";
import { swanlab, swanlabSettings } from "./swanlab/index.js";
import { tensorboard } from "./tensorboard/index.js";
import { remarksOnVariables, variableTables } from "./variables.js";
import { wandbSettings } from "./wandb/settings.js";

const config = { output_dir: "out", logging_dir: null };

/** Everything that the environment decides for a tracker. */
const effects: Partial<Record<TrackerName, (env: NodeJS.ProcessEnv) => unknown>> = {
  wandb: (env) => wandbSettings(config, { HOME: "/nowhere", WANDB_API_KEY: "k", ...env }),
  mlflow(env) {
    const all = { MLFLOW_TRACKING_URI: "http://one", ...env };
    // A name goes with a password, and the other way round.
    const login = { MLFLOW_TRACKING_USERNAME: "me", MLFLOW_TRACKING_PASSWORD: "secret", ...all };
    const isLogin = Object.keys(env).some((name) => /USERNAME|PASSWORD/.test(name));
    const lack = mlflow.missing?.(config as never, all);
    return lack ?? mlflowSettings(isLogin ? login : all, {});
  },
  swanlab(env) {
    const all = { SWANLAB_API_KEY: "k", SWANLAB_ROOT: "/nowhere", ...env };
    const isPlace = Object.keys(env).some((name) => /_(ROOT|SAVE_DIR)$/.test(name));
    if (isPlace) return swanlabSettings({ ...env }, {});
    return swanlab.missing?.(config as never, all) ?? swanlabSettings(all, {});
  },
  tensorboard: (env) => tensorboard.describe(config as never, env),
};

const values: Readonly<Record<string, string>> = {
  ...{ WANDB_MODE: "offline", WANDB_BASE_URL: "http://elsewhere", MLFLOW_MAX_LOG_PARAMS: "3" },
  ...{
    MLFLOW_TRACKING_URI: "http://other",
    MLFLOW_TAGS: '{"a": 1}',
    MLFLOW_RUN_CONTEXT: '{"a": 1}',
  },
  ...{ SWANLAB_MODE: "offline", SWANLAB_RESUME: "must", SWANLAB_RUN_RESUME: "must" },
};

const followed = Object.entries(variableTables).flatMap(([tracker, table]) =>
  table.followed.map((variable) => [tracker as TrackerName, variable] as const),
);

/** Where `swanlab login` has stored a key. */
const stored = mkdtempSync(join(tmpdir(), "swanlab-login-"));
writeFileSync(
  join(stored, ".netrc"),
  "machine https://a.example login https://a.example password k\n",
);
afterAll(() => rmSync(stored, { recursive: true }));

it.each(followed)("%s: %s has an effect", (tracker, variable) => {
  const effect = effects[tracker]!;
  const value = /_(ROOT|SAVE_DIR)$/.test(variable) ? stored : (values[variable] ?? "true");
  expect(JSON.stringify(effect({ [variable]: value }))).not.toBe(JSON.stringify(effect({})));
  expect(remarksOnVariables(tracker, { [variable]: value })).toEqual([]);
});

it("has every followed variable on the page", () => {
  const page = readFileSync(join(packageRoot(), "docs/tracking.md"), "utf8");
  expect(followed.map(([, name]) => name).filter((name) => !page.includes(name))).toEqual([]);
});

it.each([
  ["wandb", "WANDB_LOG_MODEL", "end", /^WANDB_LOG_MODEL: no effect, checkpoints and models stay/],
  ["wandb", "WANDB_WATCH", "all", /histograms/],
  ["wandb", "WANDB_RESUME", "must", /keeps its id/],
  ["wandb", "WANDB_INSECURE_DISABLE_SSL", "1", /NODE_EXTRA_CA_CERTS/],
  ["wandb", "WANDB__EXTRA_HTTP_HEADERS", "{}", /Tunewright does not know it/],
  ["wandb", "WANDB_TO_COME", "1", /Tunewright does not know it/],
  ["mlflow", "HF_MLFLOW_LOG_ARTIFACTS", "1", /stay in output_dir/],
  ["mlflow", "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true", /memory and speed/],
  ["mlflow", "MLFLOW_HTTP_REQUEST_TIMEOUT", "300", /20 s/],
  ["mlflow", "MLFLOW_TRACKING_AUTH", "arn", /logs in/],
  ["swanlab", "SWANLAB_LOG_DIR", "/logs", /local log is not written/],
  ["swanlab", "SWANLAB_LOGDIR", "/logs", /local log is not written/],
  ["swanlab", "SWANLAB_LOG_MODEL", "1", /stay in output_dir/],
  ["swanlab", "SWANLAB_WEBHOOK", "http://a", /no message/],
] as const)("%s: %s=%s is named with its reason", (tracker, variable, value, reason) => {
  expect(remarksOnVariables(tracker, { [variable]: value })).toEqual([
    expect.stringMatching(reason),
  ]);
});

it("names what has the same reason together, and shows no value", () => {
  const env = { WANDB_SWEEP_ID: "secret sweep", WANDB_LAUNCH: "1", WANDB_LOG_MODEL: "end" };
  expect(remarksOnVariables("wandb", { ...env, MLFLOW_NESTED_RUN: "1" })).toEqual([
    "WANDB_LAUNCH, WANDB_SWEEP_ID: no effect, sweeps and launches start Python programs.",
    "WANDB_LOG_MODEL: no effect, checkpoints and models stay in output_dir.",
  ]);
});

it.each([
  ["wandb", { WANDB_WATCH: "false", WANDB_RESUME: "allow", WANDB_LOG_MODEL: "" }],
  ["wandb", { WANDB_QUIET: "1", WANDB_X_DISABLE_STATS: "true", WANDB_CACHE_DIR: "/c" }],
  ["mlflow", { MLFLOW_NESTED_RUN: "FALSE", MLFLOW_LOGGING_LEVEL: "DEBUG", WANDB_WATCH: "all" }],
  ["swanlab", { SWANLAB_RESUME: "allow", SWANLAB_DEBUG: "1", SWANLAB_TERMINAL_PROXY_TYPE: "all" }],
  ["csv", { WANDB_WATCH: "all" }],
] as const)("says nothing to %s of variables that ask for nothing", (tracker, env) => {
  expect(remarksOnVariables(tracker, env)).toEqual([]);
});
