/** The object of results.json: scores, with all that a reader has to know to judge or repeat them. */
import type { Results } from "../results.js";
import type { TaskOutcome } from "../runTask.js";
import type { Settings } from "./settings.js";

/** When an evaluation ran, in seconds since 1970, and on what. */
export interface RunFacts {
  started: number;
  ended: number;
  /** Settings, and what became of those that were left to the program. */
  config: Settings;
  versions: { tunewright: string; torch: string };
}

/**
 * Results in the form of lm-evaluation-harness's results.json, with fields of our own: `protocol`,
 * `notes`, `topics`, `averages`.
 */
export function resultsFile(
  results: Results,
  outcomes: readonly Pick<TaskOutcome, "task" | "numFewshot">[],
  { started, ended, config, versions }: RunFacts,
) {
  return {
    ...results,
    configs: Object.fromEntries(outcomes.map((one) => [one.task.name, taskConfig(one)])),
    protocol: config.protocol,
    config,
    date: started,
    start_time: started,
    end_time: ended,
    total_evaluation_time_seconds: String(ended - started),
    model_source: "tunewright",
    model_name: config.model,
    chat_template: config.chat_template_name ?? null,
    chat_template_sha: config.chat_template_sha ?? null,
    fewshot_as_multiturn: config.fewshot_as_multiturn ?? false,
    system_instruction: config.system_instruction ?? null,
    tunewright_version: versions.tunewright,
    torch_version: versions.torch,
  };
}

/** What results.json holds. */
export type ResultsFile = ReturnType<typeof resultsFile>;

/** A task by lm-evaluation-harness's names. */
function taskConfig({ task, numFewshot }: Pick<TaskOutcome, "task" | "numFewshot">) {
  const { name, benchmark, version, protocol } = task;
  return {
    task: name,
    dataset_name: benchmark,
    num_fewshot: numFewshot,
    metric_list: task.metrics.map((metric) => ({ metric, higher_is_better: true })),
    ...answerConfig(task),
    metadata: { version, protocol },
  };
}

function answerConfig(task: TaskOutcome["task"]) {
  if (task.kind === "dialogue") return { output_type: "dialogue", repeats: 1 };
  if (task.kind === "loglikelihood") return { output_type: "multiple_choice", repeats: 1 };
  const { generationArguments, repeats = 1, filters } = task;
  return {
    output_type: "generate_until",
    generation_kwargs: generationArguments,
    repeats,
    filter_list: filters.map(({ name }) => ({ name })),
  };
}
