/**
 * GSM8K as OpenCompass 0.5.4 asks it (`gsm8k_gen_1d7fe4`), whence Baichuan's published scores come: the
 * paper's own code trains models on it and has no prompt. Four examples, the last number of the answer,
 * right where it differs by less than 1e-6.
 */
import { DataError } from "../../../util/errors.js";
import { parsePythonLiteral } from "../../../util/pythonLiteral.js";
import { promptsOf } from "../../prompt.js";
import { asciiDigits } from "../../python/index.js";
import type { BenchmarkFiles, Filter, GenerationTask } from "../../types.js";
import { type Problem, readProblems } from "./problems.js";

/** OpenCompass's own file with the four examples; it may lie beside test.jsonl. */
const shotsFile = "gsm8k_gen_1d7fe4.py";
const end = "\nLet's think step by step\nAnswer:";
const tolerance = 1e-6;

export function officialTask(): GenerationTask<Problem> {
  return {
    kind: "generation",
    name: "gsm8k",
    protocol: "official",
    version: "opencompass-0.5.4",
    benchmark: "gsm8k",
    notes: ["rules of OpenCompass 0.5.4: GSM8K's own code asks no prompts"],
    docs: (files) => readProblems(files, "test"),
    shots: { count: 4, most: 4, draw: "first", docs: readShots, note: noteOfShots },
    prompt: promptsOf("", questionOf, { answer: "\n", shot: "\n" }),
    until: ["Question:"],
    maxNewTokens: 512,
    generationArguments: { until: ["Question:"], max_gen_toks: 512, do_sample: false },
    filters: [lastNumber],
    metrics: ["acc"],
    target,
    score: (doc, [answer]) => ({ acc: sameNumber(answer!, target(doc)) ? 1 : 0 }),
  };
}

const questionOf = ({ question }: Problem) => `Question: ${question}${end}`;

/** The number after the first `#### `, without commas. */
const target = ({ answer }: Problem) => (answer.split("#### ")[1] ?? "").replaceAll(",", "");

/** The last number before anything like a next question; `NULL` where there is none. */
const lastNumber: Filter = {
  name: "last-number",
  apply: (answers) =>
    answers.map((answer) => {
      const [own] = answer.split("Question:");
      return own!.match(/-?\p{Nd}+\.\p{Nd}+|-?\p{Nd}+/gu)?.at(-1) ?? "NULL";
    }),
};

function sameNumber(prediction: string, reference: string): boolean {
  if (prediction === reference) return true;
  return Math.abs(Number(asciiDigits(prediction)) - Number(reference)) < tolerance;
}

function noteOfShots(files: BenchmarkFiles): string | undefined {
  return files.has(shotsFile)
    ? undefined
    : `OpenCompass's four examples are a text of others: the first of train are shown in their form (put its ${shotsFile} beside test.jsonl for the published ones)`;
}

async function readShots(files: BenchmarkFiles): Promise<Problem[]> {
  if (files.has(shotsFile)) return parseShots(await files.text(shotsFile), files.folder);
  return (await readProblems(files, "train")).map(({ question, answer }) => {
    const [worked = "", number = ""] = answer.replace(/<<[^>]*>>/g, "").split("\n#### ");
    return { question, answer: `${worked}\nThe answer is ${number}\n` };
  });
}

/** The rounds of OpenCompass's file: `dict(role='HUMAN', prompt="…")`, and BOT. */
function parseShots(source: string, folder: string): Problem[] {
  const round = /dict\(role='(HUMAN|BOT)', prompt=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)/g;
  const rounds = [...source.matchAll(round)].map(([, role, literal]) => ({
    role,
    text: String(parsePythonLiteral(literal!)),
  }));
  const problems = rounds.flatMap(({ role, text }, i): Problem[] => {
    const answer = rounds[i + 1];
    if (role !== "HUMAN" || answer?.role !== "BOT") return [];
    return [
      { question: text.replace(/^Question: /, "").slice(0, -end.length), answer: answer.text },
    ];
  });
  if (
    problems.length !== 4 ||
    rounds.some(({ role, text }) => role === "HUMAN" && !text.endsWith(end))
  ) {
    throw new DataError(`${folder}/${shotsFile} does not hold the four examples`, {
      why: `there are ${problems.length} pairs of HUMAN and BOT in it`,
      todo: "take it from OpenCompass 0.5.4, opencompass/configs/datasets/gsm8k",
    });
  }
  return problems;
}
