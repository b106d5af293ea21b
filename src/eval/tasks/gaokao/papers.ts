/**
 * The 14 files of objective questions of GAOKAO-Bench, with the prompts of its `Bench/Obj_Prompt.json` and the
 * points that can be had in each.
 */

/**
 * How the answer stands in what a model writes: one letter; one or more letters; a letter for each of several
 * questions; five of seven letters.
 */
export type AnswerKind =
  | "single_choice"
  | "multi_choice"
  | "multi_question_choice"
  | "five_out_of_seven";

export interface Paper {
  /** Name of the file without its ending, as the publishers' code calls it. */
  keyword: string;
  kind: AnswerKind;
  /** Subject of the examination, as its publishers count points. */
  subject: string;
  /** What stands before the question. */
  instruction: string;
  /** Points of all questions. */
  points: number;
}

const thinking = "请你一步一步思考并将思考过程写在【解析】和<eoe>之间。";
const oneLetter = "你将从A，B，C，D中选出正确的答案，并写在【答案】和<eoa>之间。";
const strictly = "请你严格按照上述格式作答。";

const single = (subject: string) =>
  [
    `请你做一道${subject}选择题`,
    thinking + oneLetter,
    "例如：【答案】: A <eoa>",
    "完整的题目回答的格式如下：",
    "【解析】 ... <eoe>",
    "【答案】 ... <eoa>",
    strictly,
    "题目如下：",
  ].join("\n");

const several = (questions: string) =>
  [
    `请你做一道${questions}小题。`,
    `请你一步一步思考。每一题${oneLetter}`,
    "例如：（1）【答案】 A <eoa>",
    "（2）【答案】 B <eoa>",
    `${strictly}\n`,
  ].join("\n");

const physics = [
  "请你做一道物理选择题。",
  `${thinking}你将从A，B，C，D中选出所有符合题意的答案，并写在【答案】和<eoa>之间。`,
  "例如：【答案】 AB <eoa>",
  "完整的题目回答的格式如下：",
  "【解析】 ... <eoe>",
  "【答案】... <eoa>",
  `${strictly}\n`,
].join("\n");

const usage = [
  "请你做一道语文选择题",
  thinking + oneLetter,
  "例如：【答案】: A <eoa>",
  "完整的题目回答的格式如下：",
  "（1）【解析】 ... <eoe>",
  "【答案】 ... <eoa>",
  "（2）【解析】 ... <eoe>",
  "【答案】 ... <eoa>",
  `${strictly}如果不止一道题，请分别作答`,
  "题目如下：",
].join("\n");

// The quotation mark is not closed in the publishers' file either.
const cloze =
  "请回答下面的问题，将符合题意的五个选项的字母写在【答案】和<eoa>之间，例如“【答案】 A B C D E <eoa>\n请严格按照上述格式作答。\n";

function paper(
  keyword: string,
  kind: AnswerKind,
  subject: string,
  points: number,
  instruction: string,
): Paper {
  return { keyword, kind, subject, points, instruction };
}

export const papers: readonly Paper[] = [
  paper("2010-2022_Math_II_MCQs", "single_choice", "Math", 1090, single("数学")),
  paper("2010-2022_Math_I_MCQs", "single_choice", "Math", 1070, single("数学")),
  paper("2010-2022_History_MCQs", "single_choice", "History", 1148, single("历史")),
  paper("2010-2022_Biology_MCQs", "single_choice", "Biology", 900, single("生物")),
  paper("2010-2022_Political_Science_MCQs", "single_choice", "Politics", 1280, single("政治")),
  paper("2010-2022_Physics_MCQs", "multi_choice", "Physics", 384, physics),
  paper("2010-2022_Chemistry_MCQs", "single_choice", "Chemistry", 744, single("化学")),
  paper("2010-2013_English_MCQs", "single_choice", "English", 105, single("英语")),
  paper(
    "2010-2022_Chinese_Modern_Lit",
    "multi_question_choice",
    "Chinese",
    261,
    several("语文阅读理解题，其中包含三个"),
  ),
  paper(
    "2010-2022_English_Fill_in_Blanks",
    "multi_question_choice",
    "English",
    900,
    several("英语完形填空题,其中包含二十个"),
  ),
  paper("2012-2022_English_Cloze_Test", "five_out_of_seven", "English", 260, cloze),
  paper(
    "2010-2022_Geography_MCQs",
    "multi_question_choice",
    "Geography",
    380,
    several("地理选择题，其中包含两到三个"),
  ),
  paper(
    "2010-2022_English_Reading_Comp",
    "multi_question_choice",
    "English",
    940,
    several("英语阅读理解题，其中包含三到五个"),
  ),
  paper("2010-2022_Chinese_Lang_and_Usage_MCQs", "multi_question_choice", "Chinese", 240, usage),
];

/** `gaokao_math_ii_mcqs` of `2010-2022_Math_II_MCQs`. */
export function taskName({ keyword }: Pick<Paper, "keyword">): string {
  return `gaokao_${keyword.replace(/^\d+-\d+_/, "").toLowerCase()}`;
}
