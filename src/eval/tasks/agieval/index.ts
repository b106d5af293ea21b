/**
 * AGIEval v1 (Zhong et al., 2023, arXiv 2304.06364): 21 sets of questions from examinations in English and
 * Chinese, one JSON object a line.
 *
 * Under `official` the plain names mean the publishers' own settings, which their repository documents whole;
 * what Baichuan published with five examples is known in outline only, and has names of its own
 * (`agieval_baichuan`).
 */
import type { Benchmark } from "../../types.js";
import { baichuanGroup, baichuanTasks } from "./baichuan.js";
import { harnessGroups, harnessTask } from "./harness.js";
import { officialGroups, officialTask } from "./official.js";
import { markers } from "./rows.js";
import { questionSets } from "./sets.js";

export { isEquivalent } from "./equivalence.js";
export { type AgievalAnswer, type AgievalSetting, agievalPostProcess } from "./postProcess.js";

export const agieval: Benchmark = {
  name: "agieval",
  markers,
  source: "https://github.com/ruixiangcui/AGIEval",
  tasks: (protocol) =>
    protocol === "lm-eval"
      ? { tasks: questionSets.map(harnessTask), groups: harnessGroups() }
      : {
          tasks: [
            ...questionSets.map((set) => officialTask(set, false)),
            ...questionSets.map((set) => officialTask(set, true)),
            ...baichuanTasks(),
          ],
          groups: [...officialGroups(), baichuanGroup()],
        },
};
