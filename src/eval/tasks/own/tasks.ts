/** Tasks of the user's own, by kind. */
import { none, regexFilter } from "../../filters.js";
import { choiceAccuracies } from "../../metrics.js";
import type { ChoiceTask, GenerationTask, Prompt, Protocol, Shots, Task } from "../../types.js";
import {
  answerDoc,
  type ChoiceDoc,
  type ConversationDoc,
  choiceDoc,
  conversationDoc,
  type OwnDoc,
  type RefusalDoc,
  refusalDoc,
  type TextDoc,
} from "./docs.js";
import { textMetrics } from "./metrics.js";
import type { OwnRow } from "./rows.js";
import type { OwnTask, OwnTaskOf } from "./schema.js";

/** What sets one of a file's tasks apart from the others. */
export interface TaskFacts {
  name: string;
  protocol: Protocol;
  category?: string;
  rows: readonly OwnRow[];
  /** Rows that examples come from; without them they come from the questions. */
  examples?: readonly OwnRow[];
}

/** @throws DataError for a row that cannot be asked, with its place */
export function ownTask(own: OwnTask, facts: TaskFacts): Task {
  switch (own.kind) {
    case "multiple_choice":
      return choiceTask(own, facts);
    case "question_answer":
      return answerTask(own, facts);
    case "conversation":
      return conversationTask(own, facts);
    case "refusal":
      return refusalTask(own, facts);
  }
}

function common<Doc extends OwnDoc>(
  own: OwnTask,
  { name, protocol, category, rows, examples }: TaskFacts,
  docOf: (row: OwnRow) => Doc,
) {
  const docs = rows.map(docOf);
  const wanted = "shots" in own ? own.shots : undefined;
  const pool = examples?.map(docOf);
  const shots: Shots<Doc> | undefined = wanted && {
    count: wanted.count,
    draw: wanted.draw,
    ...(pool ? { docs: async () => pool } : {}),
  };
  return {
    name,
    protocol,
    version: own.version,
    benchmark: own.task,
    ...(category === undefined ? {} : { category }),
    docs: async () => docs,
    ...(shots ? { shots } : {}),
    target: ({ answer }: Doc): unknown => answer,
    prompt: (doc: Doc, shown: readonly Doc[]): Prompt => ({
      description: own.description,
      shots: shown.map(({ question, answer }) => ({ question, answer })),
      question: doc.question,
      delimiters: { answer: own.answer_delimiter, shot: own.shot_delimiter },
    }),
  };
}

function choiceTask(own: OwnTaskOf<"multiple_choice">, facts: TaskFacts): ChoiceTask<ChoiceDoc> {
  return {
    kind: "loglikelihood",
    ...common(own, facts, (row) => choiceDoc(row, own)),
    target: ({ gold }) => (gold.length === 1 ? gold[0] : gold),
    choices: ({ choices }) => choices,
    metrics: ["acc", "acc_norm"],
    score: ({ choices, gold }, answers) => choiceAccuracies(answers, choices, gold),
  };
}

/** What all tasks have in which models write. */
function writing(own: { until: readonly string[]; max_new_tokens: number }) {
  return {
    kind: "generation" as const,
    until: own.until,
    maxNewTokens: own.max_new_tokens,
    generationArguments: {
      until: own.until,
      max_gen_toks: own.max_new_tokens,
      do_sample: false,
    },
  };
}

/** How texts are judged that have a right one. */
function judging(
  own: OwnTaskOf<"question_answer" | "conversation">,
  standard: string,
): Pick<GenerationTask<TextDoc>, "filters" | "metrics" | "score"> {
  const metrics: readonly string[] = own.metrics ?? [standard];
  const { ignore = [], ignore_case = false, ignore_punctuation = false } = own.compare ?? {};
  const options = {
    ignore: ignore.map((source) => new RegExp(source, "gu")),
    ignoreCase: ignore_case,
    ignorePunctuation: ignore_punctuation,
  };
  const filters = own.filters?.map(({ name, regex, select }) =>
    regexFilter(name, new RegExp(regex, "gu"), select === "last" ? -1 : 0),
  );
  return {
    filters: filters ?? [none],
    metrics,
    score: ({ right }, [given = ""]) =>
      Object.fromEntries(
        metrics.map((metric) => [
          metric,
          Math.max(...right.map((one) => textMetrics[metric]!(given, one, options))),
        ]),
      ),
  };
}

function answerTask(own: OwnTaskOf<"question_answer">, facts: TaskFacts): GenerationTask<TextDoc> {
  return {
    ...writing(own),
    ...common(own, facts, (row) => answerDoc(row, own)),
    ...judging(own, "exact_match"),
  };
}

function conversationTask(
  own: OwnTaskOf<"conversation">,
  facts: TaskFacts,
): GenerationTask<ConversationDoc> {
  const shared = common(own, facts, (row) => conversationDoc(row, own));
  return {
    ...writing(own),
    ...shared,
    prompt: (doc, shown) => {
      const prompt = shared.prompt(doc, shown);
      const instructions = [own.description, doc.system].filter((text) => text !== "");
      return { ...prompt, description: instructions.join("\n\n"), turns: doc.turns };
    },
    ...judging(own, "rouge_l"),
  };
}

function refusalTask(own: OwnTaskOf<"refusal">, facts: TaskFacts): GenerationTask<RefusalDoc> {
  const sources = Array.isArray(own.patterns) ? own.patterns : Object.values(own.patterns).flat();
  const patterns = sources.map((source) => new RegExp(source, "iu"));
  const isJudged = own.should_refuse !== undefined;
  return {
    ...writing(own),
    ...common(own, facts, (row) => refusalDoc(row, own)),
    target: ({ shouldRefuse }) => shouldRefuse ?? "refused",
    filters: [none],
    metrics: isJudged ? ["refused", "acc"] : ["refused"],
    score: ({ shouldRefuse }, [given = ""]) => {
      const refused = patterns.some((pattern) => pattern.test(given));
      return {
        refused: refused ? 1 : 0,
        ...(isJudged ? { acc: refused === shouldRefuse ? 1 : 0 } : {}),
      };
    },
  };
}
