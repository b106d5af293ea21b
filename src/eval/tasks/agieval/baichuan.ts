/** AGIEval in the setting of Baichuan's published numbers. */
import { strip } from "../../python/index.js";
import type { ChoiceTask, Group } from "../../types.js";
import { baichuanTask } from "../baichuan.js";
import { letteredLines } from "../choices.js";
import { readQuestions } from "./rows.js";
import { type QuestionSet, questionSets, taskName } from "./sets.js";

/** The sets with four options; of gaokao-physics and gaokao-mathqa the questions with one right letter. */
const sets = questionSets.filter(
  ({ name, answers }) => answers !== "result" && !/^(aqua-rat|lsat-.*|jec-qa-.*)$/.test(name),
);

const nameOf = (set: QuestionSet) => taskName(set).replace("agieval_", "agieval_baichuan_");

export function baichuanTasks(): ChoiceTask[] {
  return sets.map((set) =>
    baichuanTask(
      {
        name: nameOf(set),
        benchmark: "agieval",
        category: set.language === "en" ? "English" : "Chinese",
        subject: set.subject,
      },
      async (files) =>
        (await readQuestions(files, set))
          .filter(({ options }) => options.length === 4)
          .map(({ passage, question, options, answer }) => ({
            text: [
              ...(passage === "" ? [] : [strip(passage)]),
              strip(question),
              letteredLines(options.map((option) => option.replace(/^\([A-D]\)/, ""))),
            ].join("\n"),
            answer: [answer ?? []].flat().join(),
          })),
    ),
  );
}

export function baichuanGroup(): Group {
  return {
    name: "agieval_baichuan",
    members: sets.map(nameOf),
    version: "Baichuan",
    average: "micro",
  };
}
