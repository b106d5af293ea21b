/** The 21 question sets of AGIEval v1 by their publishers' names, in the order of their evaluation. */

export type Language = "en" | "zh";

/** One set: how it is asked and what its answers are. */
export interface QuestionSet {
  /** The publishers' name, as its file's. */
  name: string;
  /** Whose words ask: gaokao-english counts as English. */
  language: Language;
  /** One letter, one or more letters, or a result in mathematics. */
  answers: "letter" | "letters" | "result";
  /** Examples in few_shot_prompts.csv. */
  examples: number;
  subject: string;
}

function set(
  name: string,
  language: Language,
  subject: string,
  { answers = "letter", examples = 5 }: Partial<Pick<QuestionSet, "answers" | "examples">> = {},
): QuestionSet {
  return { name, language, answers, examples, subject };
}

export const questionSets: readonly QuestionSet[] = [
  set("aqua-rat", "en", "GRE and GMAT mathematics"),
  set("math", "en", "mathematics competitions", { answers: "result", examples: 4 }),
  set("logiqa-en", "en", "civil service examination, logic", { examples: 3 }),
  set("logiqa-zh", "zh", "civil service examination, logic", { examples: 3 }),
  set("jec-qa-kd", "zh", "judicial examination, knowledge", { answers: "letters" }),
  set("jec-qa-ca", "zh", "judicial examination, cases", { answers: "letters" }),
  set("lsat-ar", "en", "LSAT analytics", { examples: 3 }),
  set("lsat-lr", "en", "LSAT logic", { examples: 3 }),
  set("lsat-rc", "en", "LSAT reading", { examples: 3 }),
  set("sat-math", "en", "SAT mathematics"),
  set("sat-en", "en", "SAT English", { examples: 3 }),
  set("sat-en-without-passage", "en", "SAT English without the passages", { examples: 3 }),
  set("gaokao-chinese", "zh", "Gaokao Chinese", { examples: 3 }),
  set("gaokao-english", "en", "Gaokao English", { examples: 3 }),
  set("gaokao-geography", "zh", "Gaokao geography"),
  set("gaokao-history", "zh", "Gaokao history"),
  set("gaokao-biology", "zh", "Gaokao biology"),
  set("gaokao-chemistry", "zh", "Gaokao chemistry"),
  set("gaokao-physics", "zh", "Gaokao physics", { answers: "letters" }),
  set("gaokao-mathqa", "zh", "Gaokao mathematics, choices"),
  set("gaokao-mathcloze", "zh", "Gaokao mathematics, blanks", { answers: "result" }),
];

/** @throws RangeError for a name that no set has */
export function questionSet(name: string): QuestionSet {
  const found = questionSets.find((one) => one.name === name);
  if (!found) throw new RangeError(`AGIEval has no set ${name}`);
  return found;
}

/** The name of a set as part of a task's. */
export function taskName({ name }: QuestionSet, ending = ""): string {
  return `agieval_${name.replaceAll("-", "_")}${ending}`;
}
