/** Scores a model on tasks: read them from top to bottom, ask, judge, average. */
import type { AnswerStore } from "./ask.js";
import { runDialogue } from "./dialogue/index.js";
import { type PlanOptions, planEvaluation } from "./plan.js";
import { type Results, resultsOf } from "./results.js";
import { runTask, type TaskOutcome } from "./runTask.js";
import type { Sample } from "./samples.js";
import { addWork, noWork, type Work, workOfDialogue } from "./work.js";

export interface EvaluateOptions extends PlanOptions {
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
  /** Questions of this task that are answered, and all of them. */
  answered: number;
  questions: number;
  /** What the task's answers cost. */
  kind: keyof Work;
  /** Work of all tasks. */
  total: Work;
  /** Work that is computed, and work that a store had spared. */
  done: Work;
  spared: Work;
}

export interface Evaluation extends Results {
  /** What was asked and answered, by task. */
  samples: Record<string, Sample[]>;
}

/**
 * Evaluates a model. All prompts are made before the first is asked, so that what is missing is told at
 * once.
 *
 * @throws ConfigError for unknown tasks, missing files and options that do not fit
 * @throws DataError for files that cannot be read
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { model, protocol = "lm-eval", store, signal, seed, system, limit } = options;
  const { tasks, groups, dialogues } = await planEvaluation(options);
  const jobs = [
    ...tasks.map(
      ({ task, questions, work }): Job => ({
        name: task.name,
        kind: task.kind === "loglikelihood" ? "scoring" : "generating",
        work,
        run: (onAnswered) => runTask(task, questions, model, { seed, store, signal, onAnswered }),
      }),
    ),
    ...dialogues.map(
      (dialogue): Job => ({
        name: dialogue.name,
        kind: "generating",
        work: workOfDialogue(dialogue, limit),
        run: (onAnswered) =>
          runDialogue(dialogue, model, { protocol, system, limit, signal, onAnswered }),
      }),
    ),
  ];
  const outcomes = await runJobs(jobs, options);
  const samples = outcomes.map((outcome) => [outcome.task.name, outcome.samples] as const);
  return { ...resultsOf(outcomes, groups, protocol), samples: Object.fromEntries(samples) };
}

/** One task, or one dialogue. */
interface Job extends Pick<EvaluationProgress, "kind"> {
  name: string;
  /** By question. */
  work: readonly Work[];
  run(onAnswered: (question: number, kept: boolean) => void): Promise<TaskOutcome>;
}

async function runJobs(
  jobs: readonly Job[],
  { onProgress, onTask, signal }: EvaluateOptions,
): Promise<TaskOutcome[]> {
  const total = jobs.flatMap(({ work }) => work).reduce(addWork, noWork);
  const outcomes: TaskOutcome[] = [];
  let done = noWork;
  let spared = noWork;
  for (const [taskIndex, { name, kind, work, run }] of jobs.entries()) {
    signal?.throwIfAborted();
    const facts = { task: name, taskIndex, taskCount: jobs.length, questions: work.length, kind };
    let answered = 0;
    const tell = () => onProgress?.({ ...facts, answered, total, done, spared });
    tell();
    const outcome = await run((question, kept) => {
      answered++;
      if (kept) spared = addWork(spared, work[question]!);
      else done = addWork(done, work[question]!);
      tell();
    });
    outcomes.push(outcome);
    onTask?.(outcome);
  }
  return outcomes;
}
