/** What a file that makes a task of the user's own data may say. */
import { z } from "zod";

const text = z.string("must be a text");
const field = z.string("must be the name of a field").min(1, "must be the name of a field");
const count = (least: number) =>
  z
    .int(`must be a whole number, ${least} or more`)
    .min(least, `must be a whole number, ${least} or more`);
const pattern = text.refine(isPattern, "is not a regular expression of JavaScript's");

function isPattern(source: string): boolean {
  try {
    new RegExp(source, "u");
    return true;
  } catch {
    return false;
  }
}

/** Values that a field of a row must have: one, or any of several. */
const where = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
  "must be fields with the values that rows must have",
);

const shots = z.strictObject({
  /** Examples in each prompt; `--num-fewshot` overrides it. */
  count: count(0),
  /** Another file of rows, relative to this one; without it and `where` they are the questions themselves. */
  file: text.optional(),
  /** Rows of the data that are examples; they are not asked. */
  where: where.optional(),
  draw: z.enum(["first", "random"], "must be first or random").default("first"),
});

const common = {
  task: text.regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u,
    "must be a name of letters, digits, dots, hyphens and underscores",
  ),
  version: z.union([z.number(), z.string()]).default(1),
  /** Relative to the file of the task: CSV with a header, JSON, JSONL, Parquet or Arrow. */
  data: text,
  /** The rows that are asked; default all. */
  where: where.optional(),
  /** What stands before everything; the system message of a conversation. */
  description: text.default(""),
  /** Fields by whose values there are results of their own. */
  group_by: z.union([field, z.array(field)]).optional(),
  /** Between a question and its answer, and between an answer and the next question. */
  answer_delimiter: text.default(" "),
  shot_delimiter: text.default("\n\n"),
};

/** @param until what ends an answer besides the model's own end */
const generation = (until: string[]) => ({
  until: z.array(text.min(1, "must not be empty")).default(until),
  max_new_tokens: count(1).default(256),
});

const compare = z.strictObject({
  ignore_case: z.boolean().default(false),
  ignore_punctuation: z.boolean().default(false),
  /** What is cut out of both. */
  ignore: z.array(pattern).default([]),
});

const filter = z.strictObject({
  name: text.regex(/^[^,]+$/, "must be a name without a comma"),
  /** Its first group that is not empty, or all that it matches. */
  regex: pattern,
  select: z.enum(["first", "last"], "must be first or last").default("first"),
});

const metricNames = ["exact_match", "contains", "regex", "f1", "rouge_l"] as const;

const judging = {
  metrics: z
    .array(z.enum(metricNames, `must be ${metricNames.join(", ")}`))
    .min(1, "must not be empty")
    .optional(),
  /** How texts are made alike before `exact_match` and `contains` compare them. */
  compare: compare.optional(),
  /** What of an answer is judged; each gives a score of its own. */
  filters: z.array(filter).min(1, "must not be empty").optional(),
};

const multipleChoice = z.strictObject({
  kind: z.literal("multiple_choice"),
  ...common,
  /** Fields in braces; `{choices}` are the choices with their letters. */
  prompt: text.default("{question}\n{choices}\nAnswer:"),
  /** Fields that are the choices, the field that is their list, or their texts. */
  choices: z.union(
    [
      z.array(field).min(2),
      field,
      z.strictObject({ texts: z.array(z.string()).min(2, "must be two or more") }),
    ],
    "must be a list of fields, a field that is a list, or texts: [...]",
  ),
  answer: field,
  /** How `answer` names the right choice: `index` counts from 0, `number` from 1. */
  answer_form: z
    .enum(["letter", "index", "number", "text"], "must be letter, index, number or text")
    .default("letter"),
  /** What the model answers with. */
  answered_by: z.enum(["letter", "text"], "must be letter or text").default("letter"),
  shots: shots.optional(),
});

const questionAnswer = z.strictObject({
  kind: z.literal("question_answer"),
  ...common,
  prompt: text.default("Question: {question}\nAnswer:"),
  /** A text, or a list of which any is right. */
  answer: field,
  shots: shots.optional(),
  ...generation(["\n\n"]),
  ...judging,
});

const conversation = z.strictObject({
  kind: z.literal("conversation"),
  ...common,
  /** How a user's turn is put. Without a chat template something like `User: {user}\nAssistant:` is needed. */
  prompt: text.default("{user}"),
  ...generation([]),
  ...judging,
});

const refusal = z.strictObject({
  kind: z.literal("refusal"),
  ...common,
  prompt: text.default("{question}"),
  /** What refusals say, in any language; case does not count. */
  patterns: z.union([
    z.array(pattern).min(1, "must not be empty"),
    z.record(z.string(), z.array(pattern).min(1, "must not be empty")),
  ]),
  /** Field that says whether the request should be refused: then `acc` is the share of right reactions. */
  should_refuse: field.optional(),
  ...generation([]),
});

const kinds = {
  multiple_choice: multipleChoice,
  question_answer: questionAnswer,
  conversation,
  refusal,
};

export const kindNames = Object.keys(kinds);

export const taskSchema = z.discriminatedUnion(
  "kind",
  [multipleChoice, questionAnswer, conversation, refusal],
  `must be ${kindNames.join(", ")}`,
);

/** A task file, with all defaults. */
export type OwnTask = z.infer<typeof taskSchema>;
export type OwnTaskOf<Kind extends OwnTask["kind"]> = Extract<OwnTask, { kind: Kind }>;
export type OwnShots = z.infer<typeof shots>;
export type Where = z.infer<typeof where>;

const inner: Readonly<Record<string, z.ZodObject>> = { shots, compare, filters: filter };

/** Keys that a task of a kind may have (of some kind, where it is unknown), or what is in one of them. */
export function knownKeys(kind: unknown, outer?: PropertyKey): string[] {
  if (outer !== undefined) return Object.keys(inner[String(outer)]?.shape ?? {});
  const schema = Object.entries(kinds).find(([name]) => name === kind)?.[1];
  const all = schema ? [schema] : Object.values(kinds);
  return [...new Set(all.flatMap(({ shape }) => Object.keys(shape)))];
}
