/** What an evaluation will ask: tasks, their files, their questions. */
import { type Dialogue, isDialogueName, readDialogue } from "./dialogue/index.js";
import { downloadBenchmarks } from "./download.js";
import { type DataPlace, openBenchmark } from "./files.js";
import { checkPermission } from "./permission.js";
import { makeQuestions, type QuestionOptions, type Questions } from "./questions.js";
import { type SelectedTask, selectTasks } from "./registry.js";
import type { Benchmark, BenchmarkFiles, EvalModel, Group, Protocol, Task } from "./types.js";
import { type Work, workOfQuestions } from "./work.js";

/** Where tasks are found. */
export interface TaskChoice {
  /** Names of tasks and groups; `*` stands for anything; `dialogue:FILE` replays a script. */
  tasks: readonly string[];
  /**
   * Directory of the benchmarks' files, in their publishers' layouts or archives. Where it is absent,
   * `evaluate` downloads what can be had by name.
   */
  dataDir?: DataPlace | undefined;
  /** Default `lm-eval`. */
  protocol?: Protocol | undefined;
  /** Benchmarks of the user's own. */
  benchmarks?: readonly Benchmark[] | undefined;
  /** Permission to run programs that the model writes, in a sandbox. */
  allowCodeExecution?: boolean | undefined;
}

/** What is asked, and of whom. */
export interface PlanOptions extends TaskChoice, QuestionOptions {
  model: EvalModel;
}

/** A task with the files that it reads. */
export interface OpenedTask extends SelectedTask {
  files: BenchmarkFiles;
}

/** What names of tasks mean. */
export interface OpenedTasks {
  tasks: OpenedTask[];
  groups: readonly Group[];
  dialogues: Dialogue[];
}

/**
 * Finds tasks and their files; quick, so that it can be done before a model is loaded.
 *
 * @throws ConfigError for unknown tasks, files that are not there, and code that may not run
 */
export function openTasks({
  tasks: names,
  protocol = "lm-eval",
  benchmarks,
  dataDir,
  allowCodeExecution,
}: TaskChoice): OpenedTasks {
  const dialogues = names.filter(isDialogueName).map(readDialogue);
  const asked = names.filter((name) => !isDialogueName(name));
  const { tasks, groups } = selectTasks(asked, protocol, benchmarks);
  checkPermission(
    tasks.map(({ task }) => task),
    allowCodeExecution,
  );
  const folders = new Map<Benchmark, BenchmarkFiles>();
  for (const { benchmark } of tasks) {
    if (!folders.has(benchmark)) folders.set(benchmark, openBenchmark(benchmark, dataDir));
  }
  return {
    tasks: tasks.map((one) => ({ ...one, files: folders.get(one.benchmark)! })),
    groups,
    dialogues,
  };
}

/** A task with its questions. */
export interface PlannedTask {
  task: Task;
  questions: Questions;
  /** By question. */
  work: Work[];
}

/** All questions of an evaluation. @throws ConfigError, DataError as `evaluate` */
export async function planEvaluation(
  options: PlanOptions,
): Promise<Omit<OpenedTasks, "tasks"> & { tasks: PlannedTask[] }> {
  const dataDir = options.dataDir ?? (await downloadBenchmarks(options));
  const { tasks, ...others } = openTasks({ ...options, dataDir });
  const planned: PlannedTask[] = [];
  for (const { task, files } of tasks) {
    const questions = await makeQuestions(task, files, options.model, options);
    planned.push({ task, questions, work: workOfQuestions(task, questions.questions) });
  }
  return { tasks: planned, ...others };
}
