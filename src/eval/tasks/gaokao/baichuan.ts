/** GAOKAO-Bench in the setting of Baichuan's published numbers: its questions with one letter of four. */
import { strip } from "../../python/index.js";
import type { ChoiceTask, Group } from "../../types.js";
import { baichuanTask } from "../baichuan.js";
import { type Paper, papers, taskName } from "./papers.js";
import { readPaper } from "./questions.js";

/** Those of one question a text, and the one in which most texts are one question. */
const chosen = papers.filter(
  ({ kind, keyword }) =>
    kind === "single_choice" || kind === "multi_choice" || keyword.includes("Lang_and_Usage"),
);

const nameOf = (paper: Paper) => taskName(paper).replace("gaokao_", "gaokao_baichuan_");

/** Questions with several letters are left out. */
export function baichuanTasks(): ChoiceTask[] {
  return chosen.map((paper) =>
    baichuanTask(
      {
        name: nameOf(paper),
        benchmark: "gaokao",
        category: paper.subject,
        subject: paper.keyword.replaceAll("_", " "),
      },
      async (files) =>
        (await readPaper(files, paper)).map(({ question, answer }) => ({
          text: strip(question),
          answer: answer.join(","),
        })),
    ),
  );
}

export function baichuanGroup(): Group {
  return {
    name: "gaokao_baichuan",
    members: chosen.map(nameOf),
    version: "Baichuan",
    average: "micro",
  };
}
