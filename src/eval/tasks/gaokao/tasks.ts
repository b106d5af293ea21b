/** GAOKAO-Bench's objective questions as tasks: models write, and get the points of the examination. */
import { none } from "../../filters.js";
import { strip } from "../../python/index.js";
import type { GenerationTask, Group, Protocol } from "../../types.js";
import { type Paper, papers, taskName } from "./papers.js";
import { gaokaoAnswers, ratioEstimate, shareOfPoints } from "./points.js";
import { type GaokaoQuestion, readPaper } from "./questions.js";

/** The publishers' limit for completions, and OpenCompass's. */
const MAX_NEW_TOKENS = 1024;

/** What each protocol is here, for results: neither is the one that its name says elsewhere. */
const notes: Record<Protocol, readonly string[]> = {
  "lm-eval": [
    "lm-evaluation-harness has no task for GAOKAO-Bench: these are OpenCompass 0.5.4's (GaokaoBench_no_subjective_gen)",
  ],
  official: ["answers are greedy; the publishers sampled them at a low temperature"],
};

/**
 * One file's questions. OpenCompass puts instruction and question together as one; in the publishers' code
 * the instruction is what conversations have as system message.
 */
export function writtenTask(paper: Paper, protocol: Protocol): GenerationTask<GaokaoQuestion> {
  const { kind, instruction } = paper;
  const isOfficial = protocol === "official";
  const score = ({ answer }: GaokaoQuestion, [given = ""]: readonly string[]) => ({
    score: shareOfPoints(kind, gaokaoAnswers(kind, given, answer.length), answer),
  });
  return {
    kind: "generation",
    name: taskName(paper),
    protocol,
    version: isOfficial ? "2023" : "OpenCompass 0.5.4",
    benchmark: "gaokao",
    category: paper.subject,
    subject: paper.keyword.replaceAll("_", " "),
    notes: notes[protocol],
    docs: (files) => readPaper(files, paper),
    prompt: ({ question }) => ({
      description: isOfficial ? instruction : "",
      shots: [],
      question: isOfficial ? `${strip(question)}\n` : instruction + question,
      delimiters: { answer: "", shot: "\n" },
    }),
    target: ({ answer }) => answer,
    until: [],
    maxNewTokens: MAX_NEW_TOKENS,
    generationArguments: { until: [], max_gen_toks: MAX_NEW_TOKENS, do_sample: false },
    filters: [none],
    metrics: ["score"],
    score,
    aggregate: (_, shares, docs) =>
      ratioEstimate(
        shares,
        docs.map((doc) => doc.score * doc.answer.length),
      ),
  };
}

/** Weights by task for papers, each of which counts by its points or by what a function says. */
function weightsOf(
  chosen: readonly Paper[],
  weigh: (paper: Paper) => number = ({ points }) => points,
): Record<string, number> {
  return Object.fromEntries(chosen.map((paper) => [taskName(paper), weigh(paper)]));
}

function group(
  name: string,
  version: string,
  weights: Readonly<Record<string, number>>,
  alias = name,
): Group {
  return { name, alias, members: Object.keys(weights), version, average: weights };
}

/** All points, as OpenCompass weighs them. */
export function harnessGroups(): Group[] {
  return [group("gaokao", "OpenCompass 0.5.4", weightsOf(papers))];
}

/** Points of each subject's objective questions in one examination: of the whole, that share is theirs. */
const examinationPoints = {
  Chinese: 150 * 0.3,
  English: 150 * 0.7,
  Math: 150 * 0.4,
  Physics: 110 * 0.4,
  Chemistry: 100 * 0.5,
  Biology: 90 * 0.3,
  Politics: 100 * 0.5,
  History: 100 * 0.5,
  Geography: 100 * 0.4,
} as const;

type Subject = keyof typeof examinationPoints;

const subjectPapers = (subject: string) => papers.filter((paper) => paper.subject === subject);

/**
 * The total, each subject of several files, and the two examinations in the points of the real ones
 * (`Bench/merge_OBJ_SUB_score.py`): times 331 for science, 350 for the humanities.
 */
export function officialGroups(): Group[] {
  const total = (chosen: readonly Paper[]) => chosen.reduce((sum, { points }) => sum + points, 0);
  const examination = (subjects: readonly Subject[], mathematics: string) => {
    const chosen = subjects.flatMap((subject) =>
      subject === "Math"
        ? papers.filter(({ keyword }) => keyword === mathematics)
        : subjectPapers(subject),
    );
    return weightsOf(chosen, ({ subject, points }) => {
      const all = chosen.filter((one) => one.subject === subject);
      return (examinationPoints[subject as Subject] * points) / total(all);
    });
  };
  const common: Subject[] = ["Chinese", "English", "Math"];
  const science = examination(
    [...common, "Physics", "Chemistry", "Biology"],
    "2010-2022_Math_I_MCQs",
  );
  const humanities = examination(
    [...common, "Politics", "History", "Geography"],
    "2010-2022_Math_II_MCQs",
  );
  return [
    group("gaokao", "2023", weightsOf(papers)),
    ...common.map((subject) =>
      group(`gaokao_${subject.toLowerCase()}`, "2023", weightsOf(subjectPapers(subject))),
    ),
    group("gaokao_science", "2023", science, "GAOKAO science, of 331 points"),
    group("gaokao_humanities", "2023", humanities, "GAOKAO humanities, of 350 points"),
  ];
}
