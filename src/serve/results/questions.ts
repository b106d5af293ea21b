/** The questions of an evaluation, with what each model answered. */
import { type Answer, answerOf, promptOf } from "../../eval/compare/index.js";
import type { Sample } from "../../eval/index.js";
import type { ResultQuestion } from "../schema.js";
import type { ComparedEvaluation } from "./describe.js";
import { tasksOf } from "./summary.js";

export interface QuestionFilter {
  /** Task, group or benchmark; without it all. */
  task: string | undefined;
  /** As in ResultRow; without it each task's first. */
  metric: string | undefined;
  show: "all" | "wrong" | "gained" | "lost";
  offset: number;
  limit: number;
}

/** A page of them, with how many fit. */
export interface ShownQuestions {
  total: number;
  questions: ResultQuestion[];
}

/** From this score on an answer counts as right. */
const right = 0.5;

export function questionsOf(
  { evaluation, base }: ComparedEvaluation,
  { task, metric, show, offset, limit }: QuestionFilter,
): ShownQuestions {
  const tasks = task === undefined ? Object.keys(evaluation.samples) : tasksOf(evaluation, task);
  const shown: { task: string; sample: Sample; before: Sample | undefined; scored: Scored }[] = [];
  for (const name of tasks) {
    const samples = evaluation.samples[name] ?? [];
    const scored = scoredBy(samples[0], metric);
    if (!scored) continue;
    const others = new Map(
      (base?.samples[name] ?? []).map((sample) => [`${sample.doc_id} ${sample.filter}`, sample]),
    );
    for (const sample of samples) {
      if (sample.filter !== scored.filter) continue;
      const before = others.get(`${sample.doc_id} ${sample.filter}`);
      if (fits(sample, before, scored.metric, show)) {
        shown.push({ task: name, sample, before, scored });
      }
    }
  }
  return {
    total: shown.length,
    questions: shown
      .slice(offset, offset + limit)
      .map(({ task: name, sample, before, scored }) => questionOf(name, sample, before, scored)),
  };
}

interface Scored {
  metric: string;
  filter: string;
}

function scoredBy(sample: Sample | undefined, wanted: string | undefined): Scored | undefined {
  const [first] = sample?.metrics ?? [];
  if (!sample || first === undefined) return undefined;
  if (wanted === undefined) return { metric: first, filter: sample.filter };
  const [metric = first, filter = "none"] = wanted.split(",");
  return { metric, filter };
}

function fits(
  sample: Sample,
  before: Sample | undefined,
  metric: string,
  show: QuestionFilter["show"],
): boolean {
  const score = Number(sample[metric]);
  if (Number.isNaN(score)) return false;
  if (show === "all") return true;
  if (show === "wrong") return score < right;
  const earlier = Number(before?.[metric]);
  return show === "gained" ? score > earlier : score < earlier;
}

function questionOf(
  task: string,
  sample: Sample,
  before: Sample | undefined,
  { metric }: Scored,
): ResultQuestion {
  const answer = answerOf(sample);
  const earlier = before && answerOf(before);
  return {
    id: `${task} ${sample.doc_id}`,
    prompt: promptOf(sample),
    target: targetOf(answer, sample),
    correct: Number(sample[metric]) >= right,
    base_correct: before ? Number(before[metric]) >= right : null,
    answer: textOf(answer),
    base_answer: earlier ? textOf(earlier) : null,
    choices: choicesOf(answer, earlier),
  };
}

function textOf(answer: Answer): string {
  return answer.kind === "choice" ? (answer.choices[answer.predicted] ?? "") : answer.text;
}

function targetOf(answer: Answer, { target }: Sample): string {
  if (answer.kind === "text") return answer.gold;
  if (answer.gold.length === 0) return String(target);
  return answer.gold.map((index) => answer.choices[index]).join(" | ");
}

function choicesOf(answer: Answer, earlier: Answer | undefined): ResultQuestion["choices"] {
  if (answer.kind !== "choice") return null;
  return answer.choices.map((text, index) => ({
    text,
    probability: answer.probabilities[index] ?? null,
    base_probability: earlier?.kind === "choice" ? (earlier.probabilities[index] ?? null) : null,
  }));
}
