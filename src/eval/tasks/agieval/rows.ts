/** Questions of AGIEval from its files, and the examples that its publishers chose. */
import { DataError } from "../../../util/errors.js";
import { parsePythonLiteral } from "../../../util/pythonLiteral.js";
import type { BenchmarkFiles } from "../../types.js";
import type { QuestionSet } from "./sets.js";

/** A question, or an example with its explanation. */
export interface AgievalRow {
  passage: string;
  question: string;
  /** With their letters, such as `(A)5`; none where a result is asked for. */
  options: readonly string[];
  /** A letter, several, or the result; null where the publishers give none. */
  answer: string | readonly string[] | null;
  explanation?: string;
}

/** Folders in which the questions may lie, relative to the benchmark's. */
export const markers: readonly string[] = ["v1/aqua-rat.jsonl", "aqua-rat.jsonl"];

const EXAMPLES = "few_shot_prompts.csv";

/** @throws DataError for a row that is not a question of AGIEval */
export async function readQuestions(
  files: BenchmarkFiles,
  { name }: QuestionSet,
): Promise<AgievalRow[]> {
  const path = files.has(`v1/${name}.jsonl`) ? `v1/${name}.jsonl` : `${name}.jsonl`;
  const rows = await files.jsonl(path);
  return rows.map((row, i) => rowOf(row, `${path}, row ${i + 1}`));
}

function rowOf(value: unknown, where: string): AgievalRow {
  if (typeof value !== "object" || value === null) throw notARow(where, "it is not an object");
  const row = value as Record<string, unknown>;
  return {
    passage: textOf(row, "passage", where),
    question: textOf(row, "question", where),
    options: row.options == null ? [] : textsOf(row.options, `${where}, options`),
    answer: answerOf(row, where),
  };
}

function textOf(row: Record<string, unknown>, key: string, where: string): string {
  const value = row[key] ?? "";
  if (typeof value !== "string") throw notARow(where, `${key} is not a text`);
  return value;
}

function textsOf(value: unknown, where: string): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
    throw notARow(where, "it is not a list of texts");
  }
  return value;
}

/** `label`, or `answer` where that says nothing, as its publishers' code takes it. */
function answerOf(row: Record<string, unknown>, where: string): AgievalRow["answer"] {
  const { label, answer } = row;
  const isEmpty = label == null || label === "" || (Array.isArray(label) && label.length === 0);
  const given = isEmpty ? (answer ?? null) : label;
  return given === null || typeof given === "string" ? given : textsOf(given, `${where}, label`);
}

function notARow(where: string, why: string): DataError {
  return new DataError(`${where} is not a question of AGIEval`, { why });
}

/** The publishers' examples for one set, in order. */
export async function readExamples(
  files: BenchmarkFiles,
  { name }: QuestionSet,
): Promise<AgievalRow[]> {
  const withoutPassage = name === "sat-en-without-passage";
  const path = files.has(EXAMPLES) ? EXAMPLES : `v1/${EXAMPLES}`;
  const [header = [], ...rows] = await files.csv(path);
  const column = header.indexOf(withoutPassage ? "sat-en" : name);
  if (column < 0) {
    throw new DataError(`${path} has no examples for ${name}`, { why: "no column has its name" });
  }
  // A row of questions and one of their explanations take turns; sets with fewer have empty cells.
  const cells = (remainder: number) =>
    rows.filter((_, i) => i % 2 === remainder).map((row) => row[column]);
  const questions = cells(0).filter((cell) => cell);
  const explanations = cells(1).filter((cell) => cell);
  return questions.slice(0, explanations.length).map((cell = "", i) => {
    const row = rowOf(literal(cell, `${path}, ${name} ${i + 1}`), `${path}, ${name} ${i + 1}`);
    const explanation = explanations[i]!.replaceAll("\n\n", "\n");
    return { ...row, ...(withoutPassage ? { passage: "" } : {}), explanation };
  });
}

function literal(cell: string, where: string): unknown {
  try {
    return parsePythonLiteral(cell);
  } catch (cause) {
    throw new DataError(`${where} is not a literal of Python`, {
      why: (cause as Error).message,
      cause,
    });
  }
}
