/** From a task's documents to questions: prompts with their examples, ready to be asked. */
import { ConfigError } from "../util/errors.js";
import { type ChatForm, chatMessages, delimiterAfter, plainContext } from "./prompt.js";
import { openShots, type ShotOptions } from "./shots.js";
import type { BenchmarkFiles, EvalModel, Prompt, Task } from "./types.js";

/** A prompt as the model is shown it. */
export interface ShownPrompt {
  context: string;
  /** What stands between the context and a choice. */
  delimiter: string;
  /** Whether a chat template rendered the context. */
  rendered: boolean;
}

/** One question as the model is shown it. */
export interface Question extends ShownPrompt {
  /** Its place among the task's documents. */
  index: number;
  doc: unknown;
  prompt: Prompt;
}

export interface QuestionOptions extends ShotOptions {
  /** Ask the first questions only: a number of them, or below 1 a share. */
  limit?: number | undefined;
  /** Instruction before the tasks' own descriptions. */
  system?: string | undefined;
  /** Show prompts as conversations. */
  chat?: ChatForm | undefined;
}

/** The questions of one task. */
export interface Questions {
  questions: Question[];
  /** Shows a prompt as those of the questions are shown. */
  show(prompt: Prompt): ShownPrompt;
  /** Documents of the task, whether asked or not. */
  available: number;
  numFewshot: number;
  notes: string[];
}

/** @throws ConfigError, DataError where files or examples are missing, or the model has no template */
export async function makeQuestions(
  task: Task,
  files: BenchmarkFiles,
  model: EvalModel,
  options: QuestionOptions,
): Promise<Questions> {
  const docs = await task.docs(files);
  const shots = await openShots(task, files, docs, options);
  const asked = docs.slice(0, limitOf(options.limit, docs.length));
  const show = (prompt: Prompt) => showPrompt(prompt, model, options);
  const questions: Question[] = [];
  for (const [index, doc] of asked.entries()) {
    const prompt = await fittingPrompt(task, doc, shots.next(index), model, options);
    questions.push({ index, doc, prompt, ...show(prompt) });
  }
  const notes = [...(task.notes ?? []), ...shots.notes];
  return { questions, show, available: docs.length, numFewshot: shots.count, notes };
}

function showPrompt(
  prompt: Prompt,
  model: EvalModel,
  { chat, system }: QuestionOptions,
): ShownPrompt {
  if (chat) return { ...renderedContext(prompt, chat, model, system), rendered: true };
  const context = plainContext(prompt, system);
  return { context, delimiter: prompt.delimiters.answer, rendered: false };
}

function limitOf(limit: number | undefined, length: number): number {
  if (limit === undefined) return length;
  return limit < 1 ? Math.ceil(limit * length) : limit;
}

/** The prompt, without those examples that the protocol leaves out for want of room. */
async function fittingPrompt(
  task: Task,
  doc: unknown,
  shots: readonly unknown[],
  model: EvalModel,
  { system }: QuestionOptions,
): Promise<Prompt> {
  const { maxLength, countTokens } = model;
  if (!task.fit || maxLength === undefined || !countTokens) return task.prompt(doc, shots);
  const fits = async (kept: readonly unknown[]) => {
    const text = plainContext(task.prompt(doc, kept), system);
    return (await countTokens.call(model, text)) <= maxLength;
  };
  return task.prompt(doc, await task.fit(shots, fits));
}

function renderedContext(
  prompt: Prompt,
  form: ChatForm,
  model: EvalModel,
  system?: string,
): { context: string; delimiter: string } {
  if (!model.renderChat) {
    throw new ConfigError("the model has no chat template", {
      todo: "evaluate it without a chat template, or name one with --template",
    });
  }
  const prefix = prompt.answerPrefix ?? "";
  const context = model.renderChat(chatMessages(prompt, form, system)) + prefix;
  return { context, delimiter: delimiterAfter(prefix, prompt.delimiters.answer) };
}
