/**
 * BIG-Bench Hard as OpenCompass 0.5.4 asks it (`bbh_gen_ee62e9`), whose scores Baichuan published: an
 * instruction before the published prompt, a letter or a text after `answer is`, the mean of 27 sets.
 */
import { spaceClass } from "../../../util/codePoints.js";
import { strip, WORD } from "../../python/index.js";
import type { Filter, GenerationTask, TaskSet } from "../../types.js";
import {
  afterPublished,
  publishedPrompt,
  type Question,
  reportNames,
  type SetName,
  setNames,
} from "./sets.js";

/** Sets whose answer is no letter. */
const freeForm: readonly SetName[] = [
  "boolean_expressions",
  "causal_judgement",
  "dyck_languages",
  "formal_fallacies",
  "multistep_arithmetic_two",
  "navigate",
  "object_counting",
  "sports_understanding",
  "web_of_lies",
  "word_sorting",
];

const version = "opencompass-0.5.4";
const instruction = "Follow the given examples and answer the question.\n";
const nameOf = (set: SetName) => `bbh_opencompass_${set}`;

export function openCompassTasks(): TaskSet {
  const members = setNames.map(nameOf);
  return {
    tasks: setNames.map(openCompassTask),
    groups: [{ name: "bbh_opencompass", members, version, average: "macro" }],
  };
}

function openCompassTask(set: SetName): GenerationTask<Question> {
  const isFree = freeForm.includes(set);
  const extract = isFree ? freeFormAnswer : letterAnswer;
  const filter: Filter = { name: "get-answer", apply: (answers) => answers.map(extract) };
  const comparable = (text: string) => (isFree ? text.toLowerCase() : text);
  return {
    kind: "generation",
    name: nameOf(set),
    protocol: "official",
    version,
    ...reportNames(set),
    notes: [
      "with a chat template the instruction is the system message; OpenCompass puts it into the question",
    ],
    ...publishedPrompt(set, instruction),
    prompt(doc, shots) {
      const prompt = afterPublished(doc, shots);
      return { ...prompt, question: `${prompt.question} Let's think step by step.` };
    },
    until: [],
    maxNewTokens: 512,
    generationArguments: { until: [], max_gen_toks: 512, do_sample: false },
    filters: [filter],
    metrics: ["acc"],
    target: ({ target }) => target,
    score: ({ target }, [answer]) => ({
      acc: comparable(answer!) === comparable(extract(target)) ? 1 : 0,
    }),
  };
}

/** The first letter in brackets, or else the first capital, after the first `answer is `. */
function letterAnswer(text: string): string {
  const parts = text.split("answer is ");
  const answer = parts.length > 1 ? strip(parts[1]!) : text;
  return /\(([A-Z])/.exec(answer)?.[1] ?? /[A-Z]/.exec(answer)?.[0] ?? answer;
}

const answerIs = new RegExp(`answer is[${spaceClass}]*:?[${spaceClass}]*`, "i");
const word = new RegExp(`^(yes|no|true|false)(?![${WORD}])`, "iu");
const listOfNumbers = new RegExp(`\\p{Nd}[${spaceClass}]*,[${spaceClass}]*\\p{Nd}`, "u");

/** The line after the last `answer is`, without full stop, bold type, and commas between words. */
function freeFormAnswer(text: string): string {
  const parts = text.split(answerIs);
  const last = parts.length > 1 ? strip(parts.at(-1)!) : text;
  let answer = strip(last.split("\n")[0]!);
  if (answer.endsWith(".")) answer = strip(answer.slice(0, -1));
  const bold = /\*\*([^\n]*?)\*\*/.exec(answer);
  if (bold) answer = strip(bold[1]!);
  const said = word.exec(answer)?.[1];
  if (said !== undefined) return said[0]!.toUpperCase() + said.slice(1).toLowerCase();
  if (!listOfNumbers.test(answer)) {
    answer = answer.replace(new RegExp(`[${spaceClass}]*,[${spaceClass}]*`, "g"), " ");
  }
  return strip(answer.replace(new RegExp(`[${spaceClass}]+`, "g"), " "));
}
