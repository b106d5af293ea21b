/** A report's own words in English. */
import { showCount, showP, showValue, type Unit } from "../numbers.js";

export const english = {
  language: "en",
  listComma: ", ",
  comma: ", ",
  title: "Evaluation",
  of: (model: string) => `Evaluation of ${model}`,
  against: (tuned: string, base: string) => `${tuned} against ${base}`,
  skip: "Skip to the scores",
  contents: "Contents",
  madeBy: (version: string) =>
    `Written by Tunewright ${version}. Nothing in this page is loaded from elsewhere.`,
  model: "model",
  base: "base",
  tuned: "tuned",
  gold: "right answers",
  chance: (share: number) => `by chance: ${showValue(share)}`,
  headline: "Scores",
  watch: "What to watch",
  benchmark: (name: string) => name,
  columns: {
    task: "task",
    subject: "subject",
    category: "category",
    metric: "metric",
    filter: "filter",
    version: "version",
    shots: "n-shot",
    protocol: "protocol",
    questions: "questions",
    score: "score",
    stderr: "± stderr",
    interval: "95\u00a0% interval",
    base: "base",
    tuned: "tuned",
    difference: "difference",
    p: "p",
    adjusted: "p (Holm)",
    verdict: "verdict",
    micro: "micro",
    macro: "macro",
    average: "average",
    detectable: "shows from",
    flips: "lost / gained",
    seed: "seed",
    mean: "mean",
    between: "between draws",
    combined: "± both",
    published: "published",
    ours: "ours",
    standardErrors: "standard errors",
    setting: "setting",
    value: "value",
    choice: "choice",
    probability: "probability",
    logprob: "log-likelihood",
    notes: "note",
    clean: "clean",
    suspicious: "suspicious",
    dirty: "dirty",
    untold: "cannot be told",
    onClean: "score on clean",
    onDirty: "score on dirty",
    file: "file",
    rows: "rows",
    unreadable: "unreadable",
    answer: "answer",
    bin: "probability given to the answer",
    accuracy: "right",
    clustered: "± if subjects were drawn too",
  },
  average: { micro: "each question alike", macro: "each task alike", weighted: "weighted" },
  tests: { exact: "McNemar, exact", "mid-p": "McNemar, mid-p", t: "paired t", z: "z" },
  verdicts: {
    same: "no question scored otherwise",
    noise: "within noise",
    borderline: "borderline",
    "one of many": "may be chance among so many",
    real: "not noise",
  },
  change: (difference: number, unit: Unit, isBetter: boolean) => {
    const size = showValue(Math.abs(difference), unit);
    const what = unit === "points" ? `${size} points` : size;
    return `${what} ${isBetter ? "better" : "worse"}`;
  },
  noChange: "no difference",
  range: (low: number, high: number, unit: Unit) =>
    `${showValue(low, unit)} to ${showValue(high, unit)}`,
  interval: (range: string) => `95\u00a0% interval ${range}`,
  verdictLine: (name: string, change: string, verdict: string, detail: string) =>
    `${name}: ${change}: ${verdict} (${detail})`,
  pOf: (p: number, test: string) => `p ${p < 0.001 ? "" : "= "}${showP(p)}, ${test}`,
  needed: (count: number) =>
    `a difference of this size shows from about ${showCount(count)} questions on`,
  detectable: (size: number, unit: Unit, questions: number) =>
    `${showCount(questions)} questions show a difference of ${showValue(size, unit)} points or more in four of five cases`,
  manyTests: (count: number, metric: string) =>
    `${count} tasks are compared by ${metric}: about ${showCount(Math.max(1, Math.round(count * 0.05)))} of them would look different by chance alone, so that p is also given after Holm's adjustment, and a task counts as different only if that is below 0.05.`,
  pairedNote:
    "Both models answered the same questions: differences are paired by question. Of right and wrong answers the interval is Bonett and Price's, and the test McNemar's; other scores have Student's interval and test. A group's interval takes the questions of each task as a sample of their own.",
  clusteredNote: (name: string, stderr: number, clustered: number) =>
    `${name}: the standard error of the difference is ${showValue(stderr)} points for these tasks, and ${showValue(clustered)} if the tasks themselves are seen as drawn from many like them.`,
  onlyIn: (side: "base" | "tuned", tasks: readonly string[]) =>
    `Only the ${side === "base" ? "base" : "tuned model"} was asked ${tasks.join(", ")}: not compared.`,
  noneToCompare: "Nothing was evaluated.",
  charts: {
    scores: (name: string) => `${name}: scores by subject`,
    scoresDescription: (hasChance: boolean) =>
      `Bars are scores, thin lines their 95\u00a0% intervals${hasChance ? "; the dashed line is what guessing gives" : ""}.`,
    differences: (name: string) => `${name}: tuned minus base`,
    differencesDescription:
      "Each dot is a difference, its line the 95\u00a0% interval; filled dots are not noise.",
    letters: (name: string) => `${name}: which letters are answered`,
    lettersDescription: "Shares of the answers by letter beside the shares of the right ones.",
    reliability: (name: string) => `${name}: are sure answers right?`,
    reliabilityDescription:
      "Share of right answers by the probability that the model gives to its answer, larger dots for more questions; on the dashed line they agree.",
    scoreAxis: "score, points",
    differenceAxis: "difference, points",
    probabilityAxis: "probability given to the answer",
    accuracyAxis: "right, %",
  },
  answers: "Answers",
  lettersTable: (name: string) => `${name}: answers by letter, in %`,
  reliabilityTable: (name: string) => `${name}: answers by probability`,
  calibration: (name: string, who: string, error: number) =>
    `${name}, ${who}: probability and share of right answers differ by ${showValue(error)} points on average (expected calibration error).`,
  alwaysLetter: (who: string, letter: string, tasks: string, share: number, gold: number) =>
    `${who}: ${showValue(share)}\u00a0% of the answers are ${letter}, which is right in ${showValue(gold)}\u00a0% (${tasks}). Such scores say more about the letter than about knowledge: look at the prompt's form, the chat template, and "A" against " A".`,
  atChance: (who: string, tasks: string) =>
    `${who}: no better than guessing, or not surely: ${tasks}.`,
  scoreOf: (name: string, score: number, chance: number) =>
    `${name} ${showValue(score)} (guessing ${showValue(chance)})`,
  more: (count: number) => `${showCount(count)} more`,
  limited: (task: string, asked: number, all: number) =>
    `${task}: ${showCount(asked)} of ${showCount(all)} questions were asked. The first ones are no random sample.`,
  noteOf: (tasks: string, note: string) => `${tasks}: ${note}`,
  andMore: (first: string, more: number) => (more === 0 ? first : `${first} and ${more} more`),
  seeds: "Several draws of examples",
  seedsNote:
    "Standard errors come from the choice of questions; the spread between draws comes from the examples in the prompts. More draws make the second smaller, not the first.",
  published: "Published scores",
  publishedLine: (
    name: string,
    difference: number,
    errors: number | null,
    isMore: boolean | null,
  ) => {
    const where = difference < 0 ? "below" : "above";
    const size = `${showValue(Math.abs(difference))} points ${where} the published score`;
    if (errors === null || isMore === null)
      return `${name}: ${size}; there is no standard error to judge it by.`;
    const count = Math.abs(errors).toFixed(1);
    return isMore
      ? `${name}: ${size}: ${count} standard errors, more than noise. What commonly differs is listed below.`
      : `${name}: ${size}: ${count} standard errors, within noise.`;
  },
  publishedNote:
    "A published score was most likely measured on the very same questions: then even a difference within noise comes from how they were asked.",
  flips: "Questions that flipped",
  flipsCount: (lost: number, gained: number) =>
    `Only the base has ${showCount(lost)} right, only the tuned model ${showCount(gained)}.`,
  lost: (count: number) => `Lost: ${showCount(count)}`,
  gained: (count: number) => `Gained: ${showCount(count)}`,
  shownOf: (shown: number, all: number) =>
    shown < all
      ? `${showCount(shown)} of ${showCount(all)} are shown; samples_*.jsonl has all.`
      : `All ${showCount(all)} are shown.`,
  flipTitle: (task: string, id: number) => `${task}, question ${id}`,
  question: "Question",
  wholePrompt: "Whole prompt",
  rightAnswer: (text: string) => `Right: ${text}`,
  saidBy: (who: string) => `Answer of the ${who}`,
  answerTable: "What each model thinks of the choices",
  filteredTo: (text: string) => `Taken as: ${text}`,
  right: "right",
  chosen: "chosen",
  contamination: "Questions in the training data",
  contaminationNote: (rules: {
    words: number;
    characters: number;
    dirty: number;
    suspicious: number;
  }) =>
    `A question is dirty where one row of training data holds ${showValue(rules.dirty)}\u00a0% of it or more in runs of at least ${rules.words} words (${rules.characters} characters of Chinese), suspicious from ${showValue(rules.suspicious)}\u00a0% on.`,
  trainingFiles: "Training files",
  moreRows: (count: number) => `${showCount(count)} more rows hold as much.`,
  foundIn: (task: string, shown: number, all: number) =>
    `${task}: ${showCount(all)} questions found${shown < all ? `, the worst ${shown} shown` : ""}`,
  dialogue: (name: string) => `Dialogue: ${name}`,
  measures: "Measures",
  turn: (number: number) => `Turn ${number}`,
  reference: "reference",
  cutOff: "cut off",
  noAnswer: "no answer",
  looping: "looping",
  repeats: (share: number) => `${showValue(share)}\u00a0% repeated`,
  otherLanguage: "another language than the question",
  tokens: (count: number) => `${showCount(count)} tokens`,
  measureNotes: {
    repetition: "% of sequences of four words that the answer had before",
    longest_repeat: "words of the longest stretch that is one sequence over and over",
    looping: "% of answers that end so, cut off for their length",
    overlap: "% of sequences of four words that an earlier answer had",
    cut_off: "% of answers that reached the limit of their length",
    ended: "% of answers that the model ended",
    other_language: "% of answers in another language than the question",
    tokens: "tokens of an answer",
    characters: "characters of an answer",
    exact_match: "% of answers that are the reference",
    char_f1: "characters shared with the reference, F1 in %",
    rouge_l: "longest common subsequence with the reference, F1 in %",
  },
  reading: "How to read these numbers",
  settings: "Settings",
  settingsOf: (who: string) => `Settings: ${who}`,
  tasksTable: "Tasks",
  notesTable: "Notes",
  allMetrics: "All metrics",
  metricsTable: (name: string) => `${name}: all metrics`,
  scoresTable: (name: string) => `${name}: scores`,
  date: "date",
  seconds: "seconds",
  readingIntro:
    "Two tools give one model different scores, most often for these reasons. Before a difference is put down to the model, compare them one by one; what held here stands in brackets.",
  here: (text: string) => ` [here: ${text}]`,
  unknown: "not recorded",
  none: "none",
  reasons: {
    protocol:
      "Protocol: the words of the prompt, how examples are joined, and what is compared differ between lm-evaluation-harness, OpenCompass and each benchmark's own code.",
    shots: "Examples: how many there are, which, and in what order.",
    average:
      "Average: micro counts each question alike, macro each subject. With subjects of different size the two are different numbers.",
    letter:
      'The letter: " A" with a space and "A" without are different tokens, and models believe in them differently. A prompt that ends in a space spoils both.',
    template:
      "Chat template: a chat model that is asked in plain text, or a base model in a template that it never saw, loses points.",
    cut: "Length: prompts that do not fit lose their beginning, or examples, by rules that differ.",
    dtype:
      "Precision: float32, bfloat16, 8 or 4 bits decide close questions differently; the batch too, in low precision.",
    split:
      "Split: validation and test sets are different questions; C-Eval's test answers are not published with it.",
    kind: "Answering: the likeliest choice, or the letter found in generated text. A model that does not answer in form loses in the second.",
    limit: "Subset: a score of the first questions is not that of all.",
    noise:
      "Chance: a score of n questions has a standard error; 1,000 questions give about 1.5 points, 100 about 5.",
  },
};

/** The same words in every language. */
export type Words = typeof english;
