/** Experiment trackers in the files of other programs: their switches become `report_to`. */
import {
  type Default,
  each,
  type ForeignKeys,
  inert,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  type Outcome,
  partOf,
  type Rule,
  refuse,
  renamed,
  set,
  toWords,
} from "./dialect.js";

const elsewhere = "events.jsonl has every value";

/** Keys of trackers that are not ours. */
const foreign = (title: string): Rule =>
  inert(`${title} is not supported; ${elsewhere}`, "", false);

/** Values that belong in the environment, where a client of the tracker looks for them too. */
const variable = (name: string): Rule => inert(`set ${name} in the environment`, "");

const noModels = inert("checkpoints and models stay in output_dir", "", false, "false", "none");

/** axolotl turns a tracker on by a switch, or where its project is named. */
function axolotlTrackers(keys: ForeignKeys): string[] {
  const isOn = (name: string, project: string) =>
    isTrue(keys.get(name)) || !isEmpty(keys.get(project));
  return [
    ...(isOn("use_wandb", "wandb_project") ? ["wandb"] : []),
    ...(isOn("use_mlflow", "mlflow_experiment_name") ? ["mlflow"] : []),
    ...(isTrue(keys.get("use_tensorboard")) ? ["tensorboard"] : []),
  ];
}

const reportAxolotl = (keys: ForeignKeys) => ({ report_to: axolotlTrackers(keys).join(",") });

const axolotlSwitch: Rule = (value, keys) => (isTrue(value) ? set(reportAxolotl(keys)) : nothing);

const axolotlProject =
  (title: string): Rule =>
  (value, keys) =>
    isEmpty(value)
      ? nothing
      : set({ project: value, ...reportAxolotl(keys) }, `it turns ${title} on`);

export const axolotlTracking: Readonly<Record<string, Rule>> = {
  ...each("use_wandb use_mlflow use_tensorboard", axolotlSwitch),
  wandb_project: axolotlProject("W&B"),
  wandb_name: renamed("run_name"),
  wandb_entity: renamed("wandb_entity"),
  wandb_mode: renamed("wandb_mode"),
  wandb_run_id: variable("WANDB_RUN_ID"),
  wandb_watch: inert("the gradients' norm is a curve; there are no histograms", "", false, "false"),
  wandb_log_model: noModels,
  mlflow_experiment_name: axolotlProject("MLflow"),
  mlflow_tracking_uri: renamed("mlflow_tracking_uri"),
  mlflow_run_name: renamed("run_name"),
  hf_mlflow_log_artifacts: noModels,
  ...each(
    "use_comet comet_api_key comet_workspace comet_project_name comet_experiment_key comet_mode comet_online comet_experiment_config",
    foreign("Comet"),
  ),
  ...each("use_trackio trackio_project_name trackio_run_name", foreign("Trackio")),
  ...each("use_otel_metrics otel_metrics_host otel_metrics_port", foreign("OpenTelemetry")),
};

/** SwanLab's names of a run where it is on. */
const swanlabName =
  (own: string, isOn: (keys: ForeignKeys) => boolean, part: string): Rule =>
  (value, keys) => {
    if (isEmpty(value)) return nothing;
    return isOn(keys) ? set({ [own]: value }) : partOf(part);
  };

const swanlabKey = inert("set SWANLAB_API_KEY in the environment: config.json would show it", "");
const noMessage = inert("no message is sent", "");
const localLog = `SwanLab's local log is not written; ${elsewhere}`;

/** LLaMA-Factory has a switch beside `report_to`, and logs to a folder or to the server. */
const isSwanlabOn = (keys: ForeignKeys) =>
  isTrue(keys.get("use_swanlab")) && isCloud(keys.get("swanlab_mode"));

function isCloud(mode: unknown): boolean {
  return isEmpty(mode) || ["cloud", "online"].includes(String(mode));
}

/** What `report_to` names, and SwanLab. */
function withSwanlab(given: unknown): Outcome {
  const named = isEmpty(given) || isFalse(given) ? [] : toWords(given);
  const others = named.filter((name) => !["none", "all", "swanlab"].includes(name));
  return set({ report_to: named.includes("all") ? "all" : [...others, "swanlab"].join(",") });
}

export const llamaFactoryTracking: Readonly<Record<string, Rule>> = {
  report_to: (value, keys) => (isSwanlabOn(keys) ? withSwanlab(value) : set({ report_to: value })),
  use_swanlab(value, keys) {
    if (!isTrue(value)) return nothing;
    return isSwanlabOn(keys) ? withSwanlab(keys.get("report_to")) : partOf("swanlab_mode");
  },
  swanlab_project: swanlabName("project", isSwanlabOn, "use_swanlab"),
  swanlab_workspace: swanlabName("swanlab_workspace", isSwanlabOn, "use_swanlab"),
  swanlab_run_name: swanlabName("run_name", isSwanlabOn, "use_swanlab"),
  swanlab_mode: (value, keys) =>
    isTrue(keys.get("use_swanlab")) && !isCloud(value)
      ? { kind: "idle", because: localLog }
      : nothing,
  swanlab_api_key: swanlabKey,
  swanlab_logdir: inert(localLog, ""),
  ...each("swanlab_lark_webhook_url swanlab_lark_secret", noMessage),
};

/** The project that LLaMA-Factory uses where none is named. */
export function llamaFactoryProject(keys: ForeignKeys): Default[] {
  return isSwanlabOn(keys) ? [{ keys: { project: "llamafactory" } }] : [];
}

const reportsSwanlab = (keys: ForeignKeys) =>
  toWords(keys.get("report_to") ?? "").some((name) => ["swanlab", "all"].includes(name));

export const swiftTracking: Readonly<Record<string, Rule>> = {
  swanlab_project: swanlabName("project", reportsSwanlab, "report_to"),
  swanlab_workspace: swanlabName("swanlab_workspace", reportsSwanlab, "report_to"),
  swanlab_exp_name: swanlabName("run_name", reportsSwanlab, "report_to"),
  swanlab_mode: (value, keys) =>
    isCloud(value) || !reportsSwanlab(keys)
      ? nothing
      : refuse(`${localLog}, and report_to swanlab sends to a server.`, "Remove one of the two."),
  swanlab_token: swanlabKey,
  ...each(
    "swanlab_notification_method swanlab_webhook_url swanlab_secret swanlab_sender_email swanlab_receiver_email swanlab_smtp_server swanlab_smtp_port swanlab_email_language",
    noMessage,
  ),
};
