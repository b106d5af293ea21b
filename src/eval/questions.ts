/** From a task's documents to questions: prompts with their examples, ready to be asked. */
import { ConfigError, DataError } from "../util/errors.js";
import { type ChatForm, chatMessages, delimiterAfter, plainContext } from "./prompt.js";
import { openShots, type ShotOptions } from "./shots.js";
import type { BenchmarkFiles, EvalModel, Prompt, Room, Task } from "./types.js";

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
  const description = await task.description?.(files);
  const asked = docs.slice(0, limitOf(options.limit, docs.length));
  const showing = new Set<string>();
  const show = (prompt: Prompt) => showPrompt(prompt, model, options, showing);
  const room = roomOf(model, show);
  const questions: Question[] = [];
  let shortened = 0;
  for (const [index, doc] of asked.entries()) {
    const drawn = shots.next(index);
    const made = room && task.fit ? await task.fit(doc, drawn, room) : task.prompt(doc, drawn);
    const prompt = description === undefined ? made : { ...made, description };
    if (prompt.shots.length < drawn.length) shortened++;
    questions.push({ index, doc, prompt, ...show(prompt) });
  }
  const notes = [...(task.notes ?? []), ...shots.notes, ...showing];
  if (task.kind === "generation" && task.prepare) notes.push(await task.prepare());
  if (shortened > 0) {
    notes.push(
      `${shortened} of ${asked.length} prompts show fewer examples: not all fit into ${room?.tokens} tokens`,
    );
  }
  return { questions, show, available: docs.length, numFewshot: shots.count, notes };
}

function showPrompt(
  prompt: Prompt,
  model: EvalModel,
  { chat, system }: QuestionOptions,
  notes: Set<string>,
): ShownPrompt {
  if (chat) return { ...renderedContext(prompt, chat, model, system, notes), rendered: true };
  const context = plainContext(prompt, system);
  return { context, delimiter: prompt.delimiters.answer, rendered: false };
}

/** How many questions of `length` are asked. */
export function limitOf(limit: number | undefined, length: number): number {
  if (limit === undefined) return length;
  return limit < 1 ? Math.ceil(limit * length) : limit;
}

/** The model's context, where both its length and its tokens are known. Counts of texts are kept. */
function roomOf(model: EvalModel, show: (prompt: Prompt) => ShownPrompt): Room | undefined {
  const { maxLength, countTokens } = model;
  if (maxLength === undefined || !countTokens) return undefined;
  const counts = new Map<string, Promise<number>>();
  const count = (text: string) => {
    const tokens = counts.get(text) ?? countTokens.call(model, text);
    counts.set(text, tokens);
    return tokens;
  };
  const holds = async (prompt: Prompt) =>
    (await countTokens.call(model, show(prompt).context)) <= maxLength;
  return { tokens: maxLength, count, holds };
}

function renderedContext(
  prompt: Prompt,
  form: ChatForm,
  model: EvalModel,
  system: string | undefined,
  notes: Set<string>,
): { context: string; delimiter: string } {
  if (!model.renderChat) {
    throw new ConfigError("the model has no chat template", {
      todo: "leave --apply-chat-template out, or name a template: --apply-chat-template NAME",
    });
  }
  const prefix = prompt.answerPrefix ?? "";
  let context: string;
  try {
    context = model.renderChat(chatMessages(prompt, form, system));
  } catch (error) {
    const hasOwn = prompt.description !== "" && !system;
    if (!(error instanceof DataError) || !hasOwn) throw error;
    context = model.renderChat(chatMessages({ ...prompt, description: "" }, form));
    notes.add(WITHOUT_DESCRIPTION);
  }
  return {
    context: context + prefix,
    delimiter: delimiterAfter(prefix, prompt.delimiters.answer),
  };
}

/** What lm-evaluation-harness does too, with a warning. */
const WITHOUT_DESCRIPTION =
  "the task's description is not shown: the chat template takes no system message";
