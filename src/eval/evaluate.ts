/** Scores a model on tasks: read them from top to bottom, ask, judge, average. */
import type { AnswerStore } from "./ask.js";
import { openBenchmark } from "./files.js";
import type { ChatForm } from "./prompt.js";
import { selectTasks } from "./registry.js";
import { type Results, resultsOf } from "./results.js";
import { runTask, type TaskOutcome } from "./runTask.js";
import type { Sample } from "./samples.js";
import type { Benchmark, BenchmarkFiles, EvalModel, Protocol } from "./types.js";

export interface EvaluateOptions {
  model: EvalModel;
  /** Names of tasks and groups; `*` stands for anything. */
  tasks: readonly string[];
  /** Directory of the benchmarks' files, in their publishers' layouts. */
  dataDir: string;
  /** Default `lm-eval`. */
  protocol?: Protocol | undefined;
  /** Examples per prompt; default: each task's own number. */
  numFewshot?: number | undefined;
  /** The first questions of each task only: a number, or below 1 a share. */
  limit?: number | undefined;
  /** Seed of the examples; default 1234. */
  seed?: number | undefined;
  /** Instruction before the tasks' own descriptions. */
  system?: string | undefined;
  /** Show prompts as conversations, by the model's chat template. */
  chat?: ChatForm | undefined;
  /** Follow the reference even where it may show the model an answer. */
  parity?: boolean | undefined;
  /** Benchmarks of the user's own. */
  benchmarks?: readonly Benchmark[] | undefined;
  /** Answers of an evaluation that was interrupted; without it nothing is kept. */
  store?: AnswerStore | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Called with each task as soon as it is scored. */
  onTask?: ((outcome: TaskOutcome) => void) | undefined;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  task: string;
  /** Place of the task among all, from 0 on. */
  taskIndex: number;
  taskCount: number;
  /** Questions of this task that are answered. */
  answered: number;
}

export interface Evaluation extends Results {
  /** What was asked and answered, by task. */
  samples: Record<string, Sample[]>;
}

/**
 * Evaluates a model.
 *
 * @throws ConfigError for unknown tasks, missing files and options that do not fit
 * @throws DataError for files that cannot be read
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { model, dataDir, protocol = "lm-eval", onProgress, onTask } = options;
  const selection = selectTasks(options.tasks, protocol, options.benchmarks);
  const folders = new Map<Benchmark, BenchmarkFiles>();
  const filesOf = (benchmark: Benchmark) => {
    const known = folders.get(benchmark) ?? openBenchmark(benchmark, dataDir);
    folders.set(benchmark, known);
    return known;
  };
  for (const { benchmark } of selection.tasks) filesOf(benchmark);
  const outcomes: TaskOutcome[] = [];
  for (const [taskIndex, { task, benchmark }] of selection.tasks.entries()) {
    const progress = { task: task.name, taskIndex, taskCount: selection.tasks.length };
    const outcome = await runTask(task, filesOf(benchmark), model, {
      ...options,
      onProgress: (answered) => onProgress?.({ ...progress, answered }),
    });
    outcomes.push(outcome);
    onTask?.(outcome);
  }
  const samples = outcomes.map((outcome) => [outcome.task.name, outcome.samples] as const);
  return {
    ...resultsOf(outcomes, selection.groups, protocol),
    samples: Object.fromEntries(samples),
  };
}
