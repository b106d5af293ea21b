/** One task from its files to its scores. */
import { type AskingOptions, askChoices, askTexts } from "./ask.js";
import { type Estimate, meanEstimate } from "./metrics.js";
import type { Question, Questions } from "./questions.js";
import { choiceSample, generationSample, type Sample } from "./samples.js";
import { FEWSHOT_SEED } from "./shots.js";
import type { ChoiceTask, DialogueTask, EvalModel, GenerationTask, Scores, Task } from "./types.js";

/** What one task came to. */
export interface TaskOutcome {
  task: Task | DialogueTask;
  /** Estimates by metric and filter, such as `acc,none`. */
  estimates: Readonly<Record<string, Estimate>>;
  samples: Sample[];
  /** Questions that were asked. */
  size: number;
  /** Questions that there are. */
  available: number;
  numFewshot: number;
  notes: readonly string[];
}

export interface RunTaskOptions extends AskingOptions {
  /** Seed of sampled answers. */
  seed?: number | undefined;
}

/** Asks the questions of a task and scores the answers. */
export async function runTask(
  task: Task,
  asked: Questions,
  model: EvalModel,
  options: RunTaskOptions,
): Promise<TaskOutcome> {
  const { questions, show: _, ...facts } = asked;
  const judged =
    task.kind === "loglikelihood"
      ? await judgeChoices(task, questions, model, options)
      : await judgeTexts(task, asked, model, options);
  const notes = [...facts.notes, ...judged.notes];
  return { task, ...judged, size: questions.length, ...facts, notes };
}

interface Judged {
  estimates: Record<string, Estimate>;
  samples: Sample[];
  notes: string[];
}

async function judgeChoices(
  task: ChoiceTask,
  questions: readonly Question[],
  model: EvalModel,
  options: RunTaskOptions,
): Promise<Judged> {
  const answers = await askChoices(task, questions, model, options);
  const scores = questions.map(({ doc }, i) => task.score(doc, answers[i]!));
  return {
    estimates: estimatesOf(task, "none", questions, scores),
    samples: questions.map((question, i) => choiceSample(task, question, answers[i]!, scores[i]!)),
    notes: cutNotes(answers.map((all) => Math.max(...all.map(({ cutTokens = 0 }) => cutTokens)))),
  };
}

/** Of prompts that the model did not see whole, a line. @param cut tokens that each lost @param what is too long */
function cutNotes(cut: readonly number[], what = "they"): string[] {
  const count = cut.filter((tokens) => tokens > 0).length;
  if (count === 0) return [];
  return [
    `the model saw ${count} of ${cut.length} prompts without their beginning: ${what} are longer than its context, by up to ${Math.max(...cut)} tokens`,
  ];
}

async function judgeTexts(
  task: GenerationTask,
  asked: Questions,
  model: EvalModel,
  options: RunTaskOptions,
): Promise<Judged> {
  const { questions } = asked;
  const seed = options.seed ?? FEWSHOT_SEED;
  const first = await askTexts(task, questions, model, seed, options);
  const { contexts, judged: answers } = await askFollowUps(task, asked, first, model, options);
  const estimates: Record<string, Estimate> = {};
  const samples: Sample[] = [];
  for (const filter of task.filters) {
    const filtered = answers.map((all, i) => filter.apply(all, questions[i]!.doc));
    const scores = await Promise.all(
      questions.map(({ doc, prompt }, i) => task.score(doc, filtered[i]!, prompt)),
    );
    Object.assign(estimates, estimatesOf(task, filter.name, questions, scores));
    questions.forEach((question, i) => {
      const judged = [answers[i]!, filtered[i]!, filter, scores[i]!] as const;
      samples.push(generationSample(task, question, contexts[i], ...judged));
    });
  }
  const shown = questions.map(({ context }, i) => contexts[i] ?? context);
  const cut = await cutForAnswers(shown, model, task.maxNewTokens);
  return { estimates, samples, notes: cutNotes(cut, "with their answers they") };
}

/** Tokens that prompts lose where answers need the room; none where the model does not say how much. */
async function cutForAnswers(
  contexts: readonly string[],
  model: EvalModel,
  maxNewTokens: number,
): Promise<number[]> {
  const { maxLength, countTokens } = model;
  if (maxLength === undefined || !countTokens) return [];
  const lengths = contexts.map((context) => countTokens.call(model, context));
  const room = maxLength - maxNewTokens;
  return (await Promise.all(lengths)).map((length) => Math.max(0, length - room));
}

/** Puts second questions, where a task has them. @returns their contexts, and the answers to judge */
async function askFollowUps(
  task: GenerationTask,
  { questions, show }: Questions,
  answers: string[][],
  model: EvalModel,
  { seed = FEWSHOT_SEED, store, signal }: RunTaskOptions,
): Promise<{ contexts: (string | undefined)[]; judged: string[][] }> {
  const { followUp } = task;
  if (!followUp) return { contexts: [], judged: answers };
  const second = questions.map((question, i): Question | undefined => {
    const prompt = followUp.prompt(question.prompt, answers[i]![0]!);
    return prompt && { ...question, prompt, ...show(prompt) };
  });
  const open = second.filter((question) => question !== undefined);
  const asking = { ...task, maxNewTokens: followUp.maxNewTokens };
  const given = await askTexts(asking, open, model, seed, { store, signal });
  const judged = second.map((question, i) => (question ? given.shift()! : answers[i]!));
  return { contexts: second.map((question) => question?.context), judged };
}

function estimatesOf(
  task: Task,
  filter: string,
  questions: readonly Question[],
  scores: readonly Scores[],
): Record<string, Estimate> {
  const docs = questions.map(({ doc }) => doc);
  const entries = task.metrics.map((metric): [string, Estimate] => {
    const values = scores.map((one) => one[metric]!);
    const estimate = task.aggregate?.(metric, values, docs) ?? meanEstimate(values);
    return [`${metric},${filter}`, estimate];
  });
  return Object.fromEntries(entries);
}
