/** Answers in what models write, and points for them, by GAOKAO-Bench's own rules. */
import { spaceClass } from "../../../util/codePoints.js";
import type { Estimate } from "../../metrics.js";
import type { AnswerKind } from "./papers.js";

const marked = new RegExp(`【答案】[${spaceClass}]*[:：]*[${spaceClass}]*([A-Z])`, "g");
const spaces = new RegExp(`[${spaceClass}]+`, "g");

/**
 * The letters that a text answers with, one element a question.
 *
 * @param count questions that there are
 */
export function gaokaoAnswers(kind: AnswerKind, text: string, count: number): string[] {
  if (kind === "single_choice") return text.match(/[A-D]/g)?.slice(-1) ?? [];
  if (kind === "five_out_of_seven") return text.match(/[A-G]/g)?.slice(0, 5) ?? [];
  if (kind === "multi_choice") return lettersTogether(text);
  const letters = [...text.matchAll(marked)].map(([, letter = ""]) => letter);
  return letters.length === count ? letters : (text.match(/[A-Z]/g)?.slice(0, count) ?? []);
}

/** All letters after the mark; without one, or where it stands first, those of the last ten characters. */
function lettersTogether(text: string): string[] {
  const content = text.replace(spaces, "");
  const at = content.indexOf("【答案】");
  const searched = at > 0 ? content.slice(at) : [...content].slice(-10).join("");
  const letters = searched.match(/[A-D]/g);
  return letters ? [letters.join("")] : [];
}

/**
 * The share of a task's points that answers get. Another number of answers than of questions gets none; of
 * several right letters some, and no wrong one, get half.
 */
export function shareOfPoints(
  kind: AnswerKind,
  given: readonly string[],
  right: readonly string[],
): number {
  if (given.length !== right.length) return 0;
  const points = given.map((answer, i): number => {
    if (answer === right[i]) return 1;
    const isPartly = [...answer].every((letter) => right[i]!.includes(letter));
    return kind === "multi_choice" && isPartly ? 0.5 : 0;
  });
  return points.reduce((sum, one) => sum + one, 0) / points.length;
}

/**
 * Points got of points possible, over all tasks: `R = Σ wᵢ rᵢ / Σ wᵢ` for shares `rᵢ` and points `wᵢ`. The
 * standard error is that of a ratio of two sums, linearised (Cochran, Sampling Techniques, 1977, 2.11):
 * `√(n / (n - 1) · Σ wᵢ² (rᵢ - R)²) / Σ wᵢ`. Where all have the same points it is that of the mean.
 */
export function ratioEstimate(shares: readonly number[], points: readonly number[]): Estimate {
  const n = shares.length;
  const total = points.reduce((sum, one) => sum + one, 0);
  const value = shares.reduce((sum, share, i) => sum + share * points[i]!, 0) / total;
  if (n < 2) return { value, stderr: null };
  const squares = shares.reduce((sum, share, i) => sum + (points[i]! * (share - value)) ** 2, 0);
  return { value, stderr: Math.sqrt((n / (n - 1)) * squares) / total };
}
