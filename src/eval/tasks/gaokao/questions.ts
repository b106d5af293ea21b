/** Questions of GAOKAO-Bench from its files. */
import { DataError } from "../../../util/errors.js";
import type { BenchmarkFiles } from "../../types.js";
import { type Paper, papers } from "./papers.js";

/** One task of an examination, which may be of several questions. */
export interface GaokaoQuestion {
  question: string;
  /** For each question its letter, or its letters together. */
  answer: readonly string[];
  /** Points of each question. */
  score: number;
  year: string;
  category: string;
}

/** Where the files lie in the publishers' repository, in its older layout, and alone. */
const folders = [
  "Data/Objective_Questions",
  "Data/Multiple-choice_Questions",
  "data/Multiple-choice_Questions",
  "Objective_Questions",
  "Multiple-choice_Questions",
];

export const markers: readonly string[] = folders.map((folder) => pathOf(folder, papers[0]!));

function pathOf(folder: string, { keyword }: Paper): string {
  return `${folder}/${keyword}.json`;
}

/** @throws DataError for a file or row that is not of GAOKAO-Bench */
export async function readPaper(files: BenchmarkFiles, paper: Paper): Promise<GaokaoQuestion[]> {
  const folder = folders.find((one) => files.has(pathOf(one, paper))) ?? folders[0]!;
  const path = pathOf(folder, paper);
  const value = (await files.json(path)) as { example?: unknown } | null;
  if (!Array.isArray(value?.example)) {
    throw new DataError(`${path} is not a file of GAOKAO-Bench`, { why: "it has no list example" });
  }
  return value.example.map((row: unknown, i) => questionOf(row, `${path}, question ${i + 1}`));
}

function questionOf(row: unknown, where: string): GaokaoQuestion {
  const { question, answer, score, year, category } = (row ?? {}) as Record<string, unknown>;
  const isText = (value: unknown) => typeof value === "string";
  if (!isText(question) || !Array.isArray(answer) || !answer.every(isText)) {
    throw new DataError(`${where} is not a question of GAOKAO-Bench`, {
      why: "question must be a text and answer a list of texts",
    });
  }
  if (typeof score !== "number" || !(score > 0) || answer.length === 0) {
    throw new DataError(`${where} has no points`, { why: "score or answer says so" });
  }
  return {
    question: question as string,
    answer,
    score,
    year: String(year ?? ""),
    category: String(category ?? ""),
  };
}
