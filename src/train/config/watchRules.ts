/** Rules between the keys that watch a run, evaluation and checkpoints. */
import { ConfigError } from "../../util/errors.js";
import type { RuleContext } from "./ruleContext.js";
import type { TrainingConfig } from "./schema.js";
import { metricNames } from "./watchFields.js";

/** Fills in what the best checkpoint is chosen by, and puts contradictions among the problems. */
export function checkWatching(config: TrainingConfig, context: RuleContext): void {
  checkMetric(config, context);
  checkBest(config, context);
  checkNonFinite(config, context);
}

/** Keys that need a metric, as far as they are set. */
function choosers(
  config: TrainingConfig,
): ("load_best_model_at_end" | "save_strategy" | "early_stopping_patience")[] {
  return [
    ...(config.load_best_model_at_end ? (["load_best_model_at_end"] as const) : []),
    ...(config.save_strategy === "best" ? (["save_strategy"] as const) : []),
    ...(config.early_stopping_patience !== null ? (["early_stopping_patience"] as const) : []),
  ];
}

function checkMetric(
  config: TrainingConfig,
  { origins, notes, problems, where }: RuleContext,
): void {
  const { metric_for_best_model: metric, greater_is_better: greater } = config;
  const known: readonly string[] = metricNames;
  if (metric !== null && !known.includes(metric)) {
    problems.push(
      new ConfigError(
        `metric_for_best_model ${metric} is unknown (${where("metric_for_best_model")})`,
        {
          why: "Evaluation measures the held-out loss only.",
          todo: `Use one of ${known.join(", ")}.`,
        },
      ),
    );
  }
  if (metric === null && choosers(config).length > 0) {
    config.metric_for_best_model = "loss";
    origins.metric_for_best_model = "derived";
  }
  if (greater === true) {
    notes.push("greater_is_better true: the checkpoint with the highest loss counts as the best.");
  } else if (greater === null && config.metric_for_best_model !== null) {
    config.greater_is_better = false;
    origins.greater_is_better = "derived";
  }
}

function checkBest(config: TrainingConfig, { asked, notes, problems, where }: RuleContext): void {
  const { eval_strategy, save_strategy, save_steps } = config;
  const contradict = (what: string, why: string, todo: string) =>
    void problems.push(new ConfigError(what, { why, todo }));
  for (const key of choosers(config)) {
    if (eval_strategy !== "no" && config.do_eval) continue;
    contradict(
      `${key} ${config[key]} (${where(key)}) requires eval_strategy`,
      "Which step is the best is seen by evaluations during training.",
      "Set eval_strategy to steps or epoch, and eval_file or val_size.",
    );
  }
  if (config.early_stopping_patience === null && asked("early_stopping_threshold"))
    notes.push("early_stopping_threshold: no effect without early_stopping_patience.");
  if (!config.load_best_model_at_end || save_strategy === "best" || eval_strategy === "no") return;
  if (save_strategy !== eval_strategy)
    contradict(
      `save_strategy ${save_strategy} and eval_strategy ${eval_strategy} do not match, as load_best_model_at_end (${where("load_best_model_at_end")}) requires`,
      "Only a step that is both evaluated and saved can be loaded as the best.",
      "Use the same for both, or save_strategy best.",
    );
  else if (save_strategy === "steps" && !isMultiple(save_steps, config.eval_steps ?? 0))
    contradict(
      `save_steps ${save_steps} (${where("save_steps")}) is not a multiple of eval_steps ${config.eval_steps}`,
      "With load_best_model_at_end, every step that is saved must be evaluated.",
      "Use a multiple of eval_steps, or save_strategy best.",
    );
}

/** Shares of all steps and numbers of steps cannot be compared. */
function isMultiple(saves: number, evaluates: number): boolean {
  if (saves < 1 !== evaluates < 1) return false;
  const ratio = saves / evaluates;
  return Math.abs(ratio - Math.round(ratio)) < 1e-9;
}

function checkNonFinite(
  config: TrainingConfig,
  { asked, notes, problems, where }: RuleContext,
): void {
  if (config.on_non_finite === "stop" && asked("max_non_finite_steps"))
    notes.push("max_non_finite_steps: no effect, on_non_finite is stop.");
  if (config.on_non_finite !== "rollback") return;
  const reason =
    config.save_strategy === "no"
      ? "save_strategy no saves no checkpoint to go back to."
      : config.save_only_model
        ? "Training cannot go on from checkpoints of save_only_model."
        : undefined;
  if (reason === undefined) return;
  problems.push(
    new ConfigError(`on_non_finite rollback (${where("on_non_finite")}) needs checkpoints`, {
      why: reason,
      todo: "Use save_strategy steps or epoch without save_only_model, or on_non_finite skip or stop.",
    }),
  );
}
