/**
 * What becomes of the environment variables that wandb, MLflow's and SwanLab's clients, TensorBoard's
 * callback and transformers read: each one that asks for something is followed, or named once with the
 * reason why not. Learnt from wandb 0.25 and 0.31, mlflow 3.17, swanlab 0.10, transformers 5.24.
 */
import type { TrackerName } from "../train/index.js";

/** The variables of a tracker's own client. */
export interface VariableTable {
  /** Which variables are this client's. */
  readonly belongs: RegExp;
  /** Those that have an effect here. */
  readonly followed: readonly string[];
  /** Those that change nothing that is stored: how the client's own processes run and what they print. */
  readonly idle: RegExp;
  /** Why others have no effect, or what to do instead; the first pattern that fits counts. */
  readonly ignored: readonly (readonly [RegExp, string])[];
}

const certificate = "set NODE_EXTRA_CA_CERTS to a file with the server's certificate";
const onlyKey = "only a key logs in: WANDB_API_KEY, or wandb login";
const noModels = "checkpoints and models stay in output_dir";

const wandb: VariableTable = {
  belongs: /^WANDB_/,
  followed: words(
    "WANDB_",
    "MODE DISABLED DIR PROJECT ENTITY NAME RUN_NAME NOTES RUN_NOTES TAGS RUN_TAGS RUN_ID RUN_GROUP " +
      "JOB_TYPE RUN_JOB_TYPE API_KEY BASE_URL APP_URL HOST SILENT",
  ),
  idle: /^WANDB_(QUIET|CONSOLE.*|SERVICE.*|START_METHOD|_?(CACHE|CONFIG|DATA|ARTIFACT)_DIR|.*TIMEOUT.*|SHOW_.*|ERROR_REPORTING|(CORE_)?DEBUG.*|DISABLE_(CODE|GIT.*|JOB_CREATION|SERVICE|WEAVE|CACHE)|NOTEBOOK_NAME|JUPYTER|ENSURE_JUPYTER|PROGRAM.*|ARGS|COMMAND|REINIT|ALLOW_.*|SETTINGS_SYSTEM|SYMLINK|INITED|STRICT|STOP_ON_FATAL_ERROR|SENTRY_DSN|AGENT_.*|CRASH_NOSYNC_TIME|SAGEMAKER_DISABLE|LABEL_DISABLE|TEST|SUMMARY_.*|MAX_END_OF_RUN_.*|HEARTBEAT_SECONDS|X_(?!EXTRA_HTTP_HEADERS|PROXIES|LABEL|PRIMARY).*|_(?!EXTRA_HTTP_HEADERS|PROXIES|DISABLE_STATS).*)$/,
  ignored: [
    [/LOG_MODEL|ARTIFACT/, noModels],
    [/WATCH/, "the gradients' norm is a curve; there are no histograms"],
    [/RESUME$/, "a run that goes on keeps its id, and a new run gets a new one"],
    [/RESUME_FROM|FORK_FROM/, "a run has the history of its own attempts only"],
    [/HTTPS?_PROXY|_PROXIES/, "set HTTPS_PROXY"],
    [/INSECURE_DISABLE_SSL/, certificate],
    [/IDENTITY_TOKEN|CREDENTIALS|ACCESS_TOKEN|LOGIN/, onlyKey],
    [/ANONYMOUS/, onlyKey],
    [/USERNAME|USER_EMAIL|ORGANIZATION/, "the run belongs to the owner of the key"],
    [/SAVE_CODE|CODE_DIR|GIT|DOCKER/, "code, git state and image are not stored"],
    [/SYNC_TENSORBOARD/, "the curves are those of events.jsonl"],
    [/CONFIG/, "the configuration is the run's own"],
    [/SWEEP|LAUNCH|K8S|RUNQUEUE|KUBEFLOW/, "sweeps and launches start Python programs"],
    [/IGNORE_GLOBS/, "only values and sample answers are uploaded"],
    [/X_LABEL|X_PRIMARY/, "one process writes a run"],
  ],
};

const mlflow: VariableTable = {
  belongs: /^(HF_)?MLFLOW_|^DISABLE_MLFLOW_INTEGRATION$/,
  followed: [
    ...words(
      "MLFLOW_",
      "TRACKING_URI TRACKING_USERNAME TRACKING_PASSWORD TRACKING_TOKEN EXPERIMENT_NAME EXPERIMENT_ID " +
        "RUN_ID RUN_CONTEXT TAGS FLATTEN_PARAMS MAX_LOG_PARAMS WORKSPACE",
    ),
    "DISABLE_MLFLOW_INTEGRATION",
  ],
  idle: /^MLFLOW_(SERVER|GATEWAY|DEPLOYMENT|GENAI|TRACE|AUTH|SQL|JOB|WEBHOOK|SANDBOX|ASSISTANT|ICON|ONLINE_SCORING|RBAC|REQUIREMENTS|SCORING|CONDA|DISABLE|CONFIGURE|LOGGING|PRINT|SUPPRESS|UV|ASYNC|ENABLE_(?!SYSTEM_METRICS)|TRUNCATE_LONG_VALUES|ALLOW|MODEL|PROMPT|HUGGINGFACE|MULTIPART|DOWNLOAD|GCS|BOTO|PYARROW|OPENAI|DFS|MAX_TRACES|WORKSPACE_|HTTP_(POOL|TCP|RESPECT)|MYSQL|DEFAULT_PREDICTION|RECORD_ENV|ARTIFACT).*$/,
  ignored: [
    [/HF_MLFLOW_LOG_ARTIFACTS|S3|ACTIVE_MODEL|REGISTRY/, noModels],
    [/NESTED_RUN/, "no run of this process can hold another"],
    [/INSECURE_TLS|SERVER_CERT/, certificate],
    [/CLIENT_CERT/, "no certificate of a client is sent"],
    [
      /TRACKING_AUTH|SIGV4|KERBEROS|UC_OSS_TOKEN/,
      "only a name with a password, or a token, logs in",
    ],
    [/SYSTEM_METRICS/, "memory and speed are curves of the run itself"],
    [/HTTP_REQUEST/, "a request has 20 s, and is repeated until it succeeds"],
    [/TRACKING_DIR/, "a server is sent to, and no folder of MLflow is written"],
  ],
};

const swanlab: VariableTable = {
  belongs: /^SWANLAB_/,
  followed: words(
    "SWANLAB_",
    "MODE API_KEY API_HOST WEB_HOST ROOT SAVE_DIR PROJECT PROJ_NAME PROJECT_NAME WORKSPACE " +
      "PROJECT_WORKSPACE PUBLIC PROJECT_PUBLIC EXP_NAME EXPERIMENT_NAME DESCRIPTION " +
      "EXPERIMENT_DESCRIPTION TAGS GROUP EXPERIMENT_GROUP JOB_TYPE EXPERIMENT_JOB_TYPE EXP_COLOR " +
      "EXPERIMENT_COLOR RUN_ID RESUME RUN_RESUME",
  ),
  idle: /^SWANLAB_(DEBUG|INTERACTIVE|DASHBOARD_.*|REQUIRE|FS_TIMEOUT|STRIP_ENV_QUOTES|SKIP_.*|CORE_.*|TERMINAL_.*|PROBE_.*|MLFLOW_PROJECT|RUN_DIR_.*|RUN_PARALLEL|LOG_LEVEL)$/,
  ignored: [
    [/LOG_?DIR|RUN_DIR/, "SwanLab's local log is not written; events.jsonl has every value"],
    [/LOG_MODEL/, noModels],
    [/WEBHOOK/, "no message is sent"],
    [/(SECRETS|CONFIG)_DIR/, "set SWANLAB_API_KEY, SWANLAB_PROJECT, …"],
    [/SECTION_RULE/, "a curve stands in the section that its name begins with"],
    [/EXPERIMENT_TAGS/, "set SWANLAB_TAGS"],
    [/RUN_CONFIG|RUN_HISTORY/, "configuration and history are the run's own"],
  ],
};

const none: VariableTable = { belongs: /(?!)/, followed: [], idle: /(?!)/, ignored: [] };

export const variableTables: Readonly<Record<TrackerName, VariableTable>> = {
  wandb,
  mlflow,
  swanlab,
  tensorboard: {
    ...none,
    belongs: /^TENSORBOARD_LOGGING_DIR$/,
    followed: ["TENSORBOARD_LOGGING_DIR"],
  },
  csv: none,
};

/** Values with which nothing is asked for; of `…_RESUME`, also those that ask for what happens anyway. */
const nothing = new Set(["", "false", "0", "no", "off", "none", "f", "n"]);
const usualResume = new Set([...nothing, "allow", "auto"]);

/**
 * A line for each reason why variables that are set have no effect. Values are not shown: they may be
 * secrets.
 *
 * @param tracker as in `report_to`
 */
export function remarksOnVariables(tracker: string, env: NodeJS.ProcessEnv): string[] {
  const table = Object.hasOwn(variableTables, tracker)
    ? variableTables[tracker as TrackerName]
    : none;
  const byReason = new Map<string, string[]>();
  for (const name of Object.keys(env).sort()) {
    const isOurs = table.belongs.test(name) && !table.followed.includes(name);
    if (!isOurs || table.idle.test(name) || asksForNothing(name, env[name] ?? "")) continue;
    const [, reason = "Tunewright does not know it"] =
      table.ignored.find(([pattern]) => pattern.test(name)) ?? [];
    byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(([reason, names]) => `${names.join(", ")}: no effect, ${reason}.`);
}

function asksForNothing(name: string, value: string): boolean {
  const quiet = name.endsWith("RESUME") ? usualResume : nothing;
  return quiet.has(value.trim().toLowerCase());
}

/** What clients take for "on" in a variable. */
export function isOn(value: string | undefined): boolean {
  return ["true", "1", "yes", "on", "y", "t"].includes(value?.trim().toLowerCase() ?? "");
}

function words(prefix: string, names: string): string[] {
  return names.split(" ").map((name) => prefix + name);
}
