/** What the answers to lettered questions say beyond their score: bias to a letter, sureness, chance. */
import { answerOf, type ChoiceAnswer, NORMAL_95 } from "../compare/index.js";
import type { Sample } from "../samples.js";

/** How often each letter is answered, and right. */
export interface LetterShares {
  letters: readonly string[];
  /** [letter] shares of all questions; several right answers count in parts. */
  predicted: readonly number[];
  gold: readonly number[];
  questions: number;
}

/** Answers to questions whose choices are letters; empty for other tasks. */
export function letterAnswers(samples: readonly Sample[]): ChoiceAnswer[] {
  const answers = samples.map(answerOf);
  const isLettered = (answer: (typeof answers)[number]): answer is ChoiceAnswer =>
    answer.kind === "choice" &&
    answer.gold.length > 0 &&
    answer.choices.every((choice) => /^\(?[A-Z]\)?$/.test(choice));
  return answers.every(isLettered) ? answers : [];
}

export function letterShares(answers: readonly ChoiceAnswer[]): LetterShares {
  const letters = answers.reduce<readonly string[]>(
    (longest, { choices }) => (choices.length > longest.length ? choices : longest),
    [],
  );
  const share = (count: (answer: ChoiceAnswer, letter: number) => number) =>
    letters.map(
      (_, letter) => answers.reduce((sum, one) => sum + count(one, letter), 0) / answers.length,
    );
  return {
    letters,
    predicted: share(({ predicted }, letter) => (predicted === letter ? 1 : 0)),
    gold: share(({ gold }, letter) => (gold.includes(letter) ? 1 / gold.length : 0)),
    questions: answers.length,
  };
}

/** Questions from which on a bias is looked for, and how far a letter must stand out. */
const ENOUGH = 20;
const STANDS_OUT = 0.25;

/** The letter that is answered far more often than it is right, beyond what chance gives. */
export function biasedLetter({ letters, predicted, gold, questions }: LetterShares) {
  if (questions < ENOUGH) return undefined;
  const excess = predicted.map((share, i) => share - gold[i]!);
  const most = excess.indexOf(Math.max(...excess));
  const [share, right] = [predicted[most]!, gold[most]!];
  const noise = NORMAL_95 * Math.sqrt((right * (1 - right)) / questions);
  if (excess[most]! < Math.max(STANDS_OUT, noise)) return undefined;
  return { letter: letters[most]!, share, gold: right };
}

/** What guessing gives on average; undefined where there is nothing to guess from. */
export function chanceLevel(samples: readonly Sample[]): number | undefined {
  const answers = samples.map(answerOf);
  let sum = 0;
  for (const answer of answers) {
    if (answer.kind !== "choice" || answer.gold.length === 0) return undefined;
    sum += answer.gold.length / answer.choices.length;
  }
  return answers.length === 0 ? undefined : sum / answers.length;
}

/** Answers whose probability is in one range. */
export interface ReliabilityBin {
  from: number;
  to: number;
  count: number;
  /** Mean probability of the answers, and share of right ones. */
  probability: number;
  accuracy: number;
}

const BINS = 10;

/**
 * Answers by the probability that the model gives to its choice, in ten ranges, and the expected calibration
 * error (Guo et al. 2017, On Calibration of Modern Neural Networks, equation 3).
 */
export function reliability(answers: readonly ChoiceAnswer[]) {
  const sorted = answers.map(({ probabilities, predicted, gold }) => ({
    probability: probabilities[predicted]!,
    isRight: gold.includes(predicted),
  }));
  const bins = Array.from({ length: BINS }, (_, i): ReliabilityBin => {
    const inside = sorted.filter(
      ({ probability }) => Math.min(BINS - 1, Math.floor(probability * BINS)) === i,
    );
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    return {
      from: i / BINS,
      to: (i + 1) / BINS,
      count: inside.length,
      probability: mean(inside.map(({ probability }) => probability)),
      accuracy: mean(inside.map(({ isRight }) => (isRight ? 1 : 0))),
    };
  }).filter(({ count }) => count > 0);
  const error = bins.reduce(
    (sum, { count, probability, accuracy }) =>
      sum + (count / answers.length) * Math.abs(probability - accuracy),
    0,
  );
  return { bins, error };
}
