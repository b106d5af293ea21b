/** Puts a task's questions to a model, or takes answers that an interrupted evaluation has left. */
import type { Question } from "./questions.js";
import type {
  ChoiceTask,
  EvalModel,
  GenerationRequest,
  GenerationTask,
  Loglikelihood,
  LoglikelihoodRequest,
} from "./types.js";

/** Keeps answers by request, so that nothing is computed twice. */
export interface AnswerStore {
  get(request: LoglikelihoodRequest | GenerationRequest): unknown;
  put(request: LoglikelihoodRequest | GenerationRequest, answer: unknown): void;
}

export interface AskingOptions {
  store?: AnswerStore | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the place of each question that has all its answers. @param kept: from the store */
  onAnswered?: ((question: number, kept: boolean) => void) | undefined;
}

/** Log-likelihoods of all choices. @returns by question, by choice */
export async function askChoices(
  task: ChoiceTask,
  questions: readonly Question[],
  model: EvalModel,
  options: AskingOptions = {},
): Promise<Loglikelihood[][]> {
  const requests = questions.map(({ doc, context, delimiter, rendered }) =>
    task.choices(doc).map(
      (choice): LoglikelihoodRequest => ({
        context,
        continuation: delimiter + choice,
        ...(rendered ? { rendered } : {}),
      }),
    ),
  );
  return askAll(requests, (missing, asking) => model.loglikelihood(missing, asking), options);
}

/** Generated answers. @returns by question, one for each repeat */
export async function askTexts(
  task: GenerationTask,
  questions: readonly Question[],
  model: EvalModel,
  seed: number,
  options: AskingOptions = {},
): Promise<string[][]> {
  const { until, maxNewTokens, repeats = 1, sampling } = task;
  const requests = questions.map(({ context, rendered, index }) =>
    Array.from(
      { length: repeats },
      (_, i): GenerationRequest => ({
        context,
        until: [...until],
        maxNewTokens,
        ...(rendered ? { rendered } : {}),
        ...(sampling ? { sampling: { ...sampling, seed: seed + index * repeats + i } } : {}),
      }),
    ),
  );
  return askAll(requests, (missing, asking) => model.generateUntil(missing, asking), options);
}

/** Asks what the store lacks, and puts the answers where their questions are. */
async function askAll<Request extends LoglikelihoodRequest | GenerationRequest, Answer>(
  requests: readonly Request[][],
  ask: (
    missing: Request[],
    asking: { onAnswer(index: number, answer: Answer): void; signal?: AbortSignal | undefined },
  ) => Promise<Answer[]>,
  { store, signal, onAnswered }: AskingOptions,
): Promise<Answer[][]> {
  const answers = requests.map((all) => all.map((one) => store?.get(one) as Answer | undefined));
  const open = answers.map((all) => all.filter((answer) => answer === undefined).length);
  const missing: { request: Request; question: number; place: number }[] = [];
  requests.forEach((all, question) => {
    all.forEach((request, place) => {
      if (answers[question]![place] === undefined) missing.push({ request, question, place });
    });
  });
  open.forEach((count, question) => {
    if (count === 0) onAnswered?.(question, true);
  });
  const told = new Set<number>();
  const onAnswer = (index: number, answer: Answer) => {
    if (told.has(index)) return;
    told.add(index);
    const { request, question } = missing[index]!;
    store?.put(request, answer);
    open[question]!--;
    if (open[question] === 0) onAnswered?.(question, false);
  };
  if (missing.length > 0) {
    const asked = missing.map(({ request }) => request);
    const given = await ask(asked, { onAnswer, signal });
    given.forEach((answer, index) => {
      onAnswer(index, answer);
      const { question, place } = missing[index]!;
      answers[question]![place] = answer;
    });
  }
  return answers as Answer[][];
}
