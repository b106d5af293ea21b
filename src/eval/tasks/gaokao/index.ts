/**
 * GAOKAO-Bench (Zhang et al., 2023, arXiv 2305.12474): the questions of China's university entrance
 * examinations from 2010 to 2022. Its objective questions have letters for answers and are scored here.
 *
 * Under `official` the plain names mean the publishers' own code, which is known whole; the setting of
 * Baichuan's published numbers has names of its own (`gaokao_baichuan`).
 */
import type { Benchmark } from "../../types.js";
import { baichuanGroup, baichuanTasks } from "./baichuan.js";
import { papers } from "./papers.js";
import { markers } from "./questions.js";
import { harnessGroups, officialGroups, writtenTask } from "./tasks.js";

export type { AnswerKind } from "./papers.js";
export { gaokaoAnswers } from "./points.js";

const refused = [
  {
    name: "gaokao_subjective",
    why: "GAOKAO-Bench's subjective questions are graded by teachers, or by another model with their marking scheme",
    todo: "score its objective questions: gaokao",
  },
];

export const gaokao: Benchmark = {
  name: "gaokao-bench",
  markers,
  source: "https://github.com/OpenLMLab/GAOKAO-Bench",
  tasks: (protocol) => {
    const written = papers.map((paper) => writtenTask(paper, protocol));
    return protocol === "lm-eval"
      ? { tasks: written, groups: harnessGroups(), refused }
      : {
          tasks: [...written, ...baichuanTasks()],
          groups: [...officialGroups(), baichuanGroup()],
          refused,
        };
  },
};
