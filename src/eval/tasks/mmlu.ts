/**
 * MMLU (Hendrycks et al., 2021, arXiv 2009.03300): 57 subjects, four choices each, in CSV files without
 * a header: question, choices, letter.
 */
import { strip } from "../python/index.js";
import type { Benchmark, BenchmarkFiles, ChoiceTask, Group, TaskSet } from "../types.js";
import { type LetteredQuestion, letterChoice, letteredLines } from "./choices.js";

/** Subjects by category, as lm-evaluation-harness groups them. */
const categories = {
  stem: [
    "abstract_algebra",
    "anatomy",
    "astronomy",
    "college_biology",
    "college_chemistry",
    "college_computer_science",
    "college_mathematics",
    "college_physics",
    "computer_security",
    "conceptual_physics",
    "electrical_engineering",
    "elementary_mathematics",
    "high_school_biology",
    "high_school_chemistry",
    "high_school_computer_science",
    "high_school_mathematics",
    "high_school_physics",
    "high_school_statistics",
    "machine_learning",
  ],
  other: [
    "business_ethics",
    "clinical_knowledge",
    "college_medicine",
    "global_facts",
    "human_aging",
    "management",
    "marketing",
    "medical_genetics",
    "miscellaneous",
    "nutrition",
    "professional_accounting",
    "professional_medicine",
    "virology",
  ],
  social_sciences: [
    "econometrics",
    "high_school_geography",
    "high_school_government_and_politics",
    "high_school_macroeconomics",
    "high_school_microeconomics",
    "high_school_psychology",
    "human_sexuality",
    "professional_psychology",
    "public_relations",
    "security_studies",
    "sociology",
    "us_foreign_policy",
  ],
  humanities: [
    "formal_logic",
    "high_school_european_history",
    "high_school_us_history",
    "high_school_world_history",
    "international_law",
    "jurisprudence",
    "logical_fallacies",
    "moral_disputes",
    "moral_scenarios",
    "philosophy",
    "prehistory",
    "professional_law",
    "world_religions",
  ],
} as const;

export const mmlu: Benchmark = {
  name: "mmlu",
  markers: ["dev/abstract_algebra_dev.csv"],
  source: "https://people.eecs.berkeley.edu/~hendrycks/data.tar",
  tasks: (_protocol): TaskSet => ({
    tasks: Object.entries(categories).flatMap(([category, subjects]) =>
      subjects.map((subject) => harnessTask(subject, category)),
    ),
    groups: harnessGroups(),
  }),
};

async function readSplit(
  files: BenchmarkFiles,
  split: "dev" | "test",
  subject: string,
): Promise<LetteredQuestion[]> {
  const rows = await files.csv(`${split}/${subject}_${split}.csv`);
  return rows.map(([question = "", ...rest]) => ({
    question,
    choices: rest.slice(0, 4),
    answer: rest[4] ?? "",
  }));
}

function harnessTask(subject: string, category: string): ChoiceTask<LetteredQuestion> {
  const words = subject.replaceAll("_", " ");
  const question = (doc: LetteredQuestion) =>
    `${strip(doc.question)}\n${letteredLines(doc.choices)}\nAnswer:`;
  return {
    name: `mmlu_${subject}`,
    protocol: "lm-eval",
    version: 1,
    benchmark: "mmlu",
    category,
    subject: words,
    docs: (files) => readSplit(files, "test", subject),
    shots: { count: 0, draw: "first", docs: (files) => readSplit(files, "dev", subject) },
    prompt: (doc, shots) => ({
      description: `The following are multiple choice questions (with answers) about ${words}.\n\n`,
      shots: shots.map((shot) => ({ question: question(shot), answer: shot.answer })),
      question: question(doc),
      delimiters: { answer: " ", shot: "\n\n" },
    }),
    ...letterChoice<LetteredQuestion>(["acc"]),
  };
}

function harnessGroups(): Group[] {
  const names = Object.keys(categories).map((category) => `mmlu_${category}`);
  return [
    { name: "mmlu", members: names, version: 2, average: "micro", metrics: ["acc,none"] },
    ...Object.entries(categories).map(
      ([category, subjects]): Group => ({
        name: `mmlu_${category}`,
        alias: category.replaceAll("_", " "),
        members: subjects.map((subject) => `mmlu_${subject}`),
        version: 2,
        average: "micro",
        metrics: ["acc,none"],
      }),
    ),
  ];
}
