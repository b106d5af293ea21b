/** What evaluation is made of: models that answer, tasks that ask and judge, and what comes out. */
import type { Estimate } from "./metrics.js";

/** Whose rules a task follows: those of lm-evaluation-harness, or of the benchmark's own publishers. */
export type Protocol = "lm-eval" | "official";

export interface LoglikelihoodRequest {
  context: string;
  continuation: string;
  /** Whether a chat template has rendered the context: spellings of special tokens in it are tokens. */
  rendered?: boolean;
}

export interface Loglikelihood {
  /** Sum of the natural logarithms of the continuation's token probabilities. */
  logprob: number;
  /** Whether greedy decoding of the context would give the continuation. */
  greedy: boolean;
  /** Tokens that were cut off the beginning of the context, which was too long for the model. */
  cutTokens?: number;
}

export interface GenerationRequest {
  context: string;
  /** Texts that end an answer; they are cut off. */
  until: string[];
  maxNewTokens: number;
  rendered?: boolean;
  /** How to sample; greedy where it is absent. */
  sampling?: { temperature: number; topP?: number; seed: number };
}

export interface AskOptions<Answer> {
  /** Called with each answer as soon as it is there, in any order. */
  onAnswer?: (index: number, answer: Answer) => void;
  signal?: AbortSignal | undefined;
}

/** Roles and texts that a chat template renders. */
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ConverseOptions {
  system?: string | undefined;
  /** Most tokens of each answer. */
  maxNewTokens: number;
  signal?: AbortSignal | undefined;
  onAnswer?: ((index: number, turn: SpokenTurn) => void) | undefined;
}

/** What a model said in one turn of a conversation. */
export interface SpokenTurn {
  text: string;
  /** Tokens of the answer, its end token included, and of all that the model was shown. */
  tokens: number;
  promptTokens: number;
  /** `stop`: the model ended it; `length`: it was cut off; `error`: there is none. */
  finishReason: "stop" | "length" | "error";
  /** Messages that no longer fitted into the model's context. */
  forgotten: number;
  /** Why there is no answer. */
  error?: string;
}

/** Anything that can be evaluated. */
export interface EvalModel {
  loglikelihood(
    requests: LoglikelihoodRequest[],
    options?: AskOptions<Loglikelihood>,
  ): Promise<Loglikelihood[]>;
  generateUntil(requests: GenerationRequest[], options?: AskOptions<string>): Promise<string[]>;
  /** Holds one conversation with the model's chat template; absent where it has none. */
  converse?(questions: readonly string[], options: ConverseOptions): Promise<SpokenTurn[]>;
  /** A conversation as the text of a prompt, up to where the assistant's words begin. */
  renderChat?(messages: readonly ChatMessage[]): string;
  /** Most tokens of prompt and answer together. */
  maxLength?: number;
  /** Tokens of a text, for protocols that leave out shots which do not fit. */
  countTokens?(text: string): Promise<number>;
}

/** A question and its examples, still in parts, so that it can become one text or a conversation. */
export interface Prompt {
  /** What stands before everything, with its own line breaks. */
  description: string;
  shots: readonly { question: string; answer: string }[];
  /** What was said before in the conversation that the question goes on with. */
  turns?: readonly { question: string; answer: string }[];
  question: string;
  /** Between a question and its answer, and between an answer and the next question. */
  delimiters: { answer: string; shot: string };
  /** What the answer is made to begin with. */
  answerPrefix?: string;
}

/** Where the examples of a prompt come from. */
export interface Shots<Doc> {
  /** How many, where the user does not say. */
  count: number;
  /** `first`: the first ones of the split; `random`: drawn for each question anew by Python's generator. */
  draw: "first" | "random";
  /** Most that there are, where they are a fixed few: more are never shown. */
  most?: number;
  /** The split that they come from; without it they are drawn from the questions themselves. */
  docs?(files: BenchmarkFiles): Promise<readonly Doc[]>;
  /** What a reader of the scores must know of where they come from. */
  note?(files: BenchmarkFiles): string | undefined;
}

/** How much a model can be shown. */
export interface Room {
  /** Most tokens. */
  tokens: number;
  /** Tokens of a text. */
  count(text: string): Promise<number>;
  /** Whether a prompt fits, with all that is shown around it. */
  holds(prompt: Prompt): Promise<boolean>;
}

/** The files of one benchmark. Paths are relative to its folder. */
export interface BenchmarkFiles {
  /** Absolute path of the folder. */
  readonly folder: string;
  has(path: string): boolean;
  /** @throws DataError where the file is missing or not UTF-8 */
  text(path: string): Promise<string>;
  csv(path: string): Promise<string[][]>;
  json(path: string): Promise<unknown>;
  /** One value a line; `.gz` is unpacked. */
  jsonl(path: string): Promise<unknown[]>;
}

/** Metrics of one question by name. */
export type Scores = Readonly<Record<string, number>>;

/** A filter of answers, by lm-evaluation-harness's name. */
export interface Filter {
  name: string;
  apply(answers: readonly string[], doc: unknown): string[];
  /** Whether samples show what it gives as one list in the list, as a function of the reference's does. */
  nested?: boolean;
}

/** What results say of every task. */
interface TaskFacts {
  /** lm-evaluation-harness's name, where it has the task. */
  name: string;
  protocol: Protocol;
  version: number | string;
  /** For reports: `mmlu`, its category, and the subject in words. */
  benchmark: string;
  category?: string;
  subject?: string;
  /** What sets this task apart from the protocol that it names; said in results and reports. */
  notes?: readonly string[];
  /** Names of the metrics that each sample has. */
  metrics: readonly string[];
}

/** User turns that are replayed in one conversation. Their answers are measured, not judged. */
export interface DialogueTask extends TaskFacts {
  kind: "dialogue";
}

/** What tasks with questions have. */
interface TaskBase<Doc> extends TaskFacts {
  /** The questions, in order. */
  docs(files: BenchmarkFiles): Promise<readonly Doc[]>;
  shots?: Shots<Doc>;
  /** The description of all its prompts, where a file holds it; it takes the place of the prompt's own. */
  description?(files: BenchmarkFiles): Promise<string>;
  /**
   * The prompt with those examples that stay where not all fit into the model's context; without it none
   * is left out, and the beginning of the prompt is cut, as in lm-evaluation-harness.
   */
  fit?(doc: Doc, shots: readonly Doc[], room: Room): Promise<Prompt>;
  /** @param shots examples, in their order */
  prompt(doc: Doc, shots: readonly Doc[]): Prompt;
  /** The right answer as samples show it. */
  target(doc: Doc): unknown;
  /** How the values of all questions become one; where it is absent or gives undefined, their mean. */
  aggregate?(metric: string, values: readonly number[], docs: readonly Doc[]): Estimate | undefined;
}

/** A question is answered by the likeliest of given texts. */
export interface ChoiceTask<Doc = unknown> extends TaskBase<Doc> {
  kind: "loglikelihood";
  /** The texts, without delimiter. */
  choices(doc: Doc): readonly string[];
  /** @param answers by choice */
  score(doc: Doc, answers: readonly Loglikelihood[]): Scores;
}

/** A question is answered by generated text. */
export interface GenerationTask<Doc = unknown> extends TaskBase<Doc> {
  kind: "generation";
  until: readonly string[];
  maxNewTokens: number;
  /** How samples name the settings, as lm-evaluation-harness writes them. */
  generationArguments: Readonly<Record<string, unknown>>;
  /** Answers to each question; default 1. */
  repeats?: number;
  sampling?: { temperature: number; topP?: number };
  /** Whether judging runs what the model wrote: only with the user's permission. */
  runsCode?: boolean;
  /** Makes ready what judging needs, before anything is asked. @returns a note for results and reports */
  prepare?(): Promise<string>;
  /** Each gives a score of its own, under its name. */
  filters: readonly Filter[];
  /** A second question that holds the first answer, such as for the result of a chain of thought. */
  followUp?: FollowUp;
  /**
   * @param answers filtered
   * @param prompt what was asked first
   */
  score(doc: Doc, answers: readonly string[], prompt: Prompt): Scores | Promise<Scores>;
}

/** Its answer is judged in place of the first. Tasks that have one give one answer a question. */
export interface FollowUp {
  /** Undefined where the first answer is to be judged. */
  prompt(first: Prompt, answer: string): Prompt | undefined;
  maxNewTokens: number;
}

export type Task<Doc = unknown> = ChoiceTask<Doc> | GenerationTask<Doc>;

/** Tasks, or groups, whose scores are averaged. */
export interface Group {
  name: string;
  alias?: string;
  /** Names of tasks and groups. */
  members: readonly string[];
  version: number | string;
  /** `micro`: each question counts alike; `macro`: each task; or a weight for each member. */
  average: "micro" | "macro" | Readonly<Record<string, number>>;
  /** Whether it is only a name for its members, without a score of its own: a tag of lm-evaluation-harness. */
  isTag?: boolean;
  /** Metrics with filter, such as `acc,none`; default: all that every member has. */
  metrics?: readonly string[];
}

/** One of the benchmarks by one protocol. */
export interface TaskSet {
  tasks: readonly Task[];
  groups: readonly Group[];
  /** Names under which someone may look for what cannot be scored. */
  refused?: readonly RefusedTask[];
}

/** A part of a benchmark that cannot be scored: the reason, and the way out. */
export interface RefusedTask {
  name: string;
  why: string;
  todo: string;
}

/** A benchmark: where its files are, and its tasks by protocol. */
export interface Benchmark {
  name: string;
  /** A file by which its folder is known, relative to it; one of several layouts. */
  markers: readonly string[];
  /** Where its files are, if they are not looked for among those of other benchmarks. */
  folder?: string;
  /** An archive on the hub, as its publisher offers it: `hf://datasets/OWNER/NAME/FILE`. */
  archive?: string;
  /** Where its publisher offers it, for messages. */
  source: string;
  tasks(protocol: Protocol): TaskSet;
}
