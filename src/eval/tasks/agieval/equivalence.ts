/**
 * Whether two results in mathematics are the same, by the rules that come with the MATH data (Hendrycks
 * et al., 2021, arXiv 2103.03874), which AGIEval and lm-evaluation-harness use. They look at the writing
 * only: `0.5` and `\frac{1}{2}` are the same to them, `3.0` and `3` are not.
 */
import { codePointLength } from "../../../util/codePoints.js";

/** A text that the rules cannot read; Python's code ends with an exception there. */
class Unreadable extends Error {}

/** @param second compared with the first in the same normal form, or as it is where one has none */
export function isEquivalent(first: string | null, second: string | null): boolean {
  if (first === null || second === null) return first === second;
  try {
    return normalForm(first) === normalForm(second);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return first === second;
  }
}

/** @throws Unreadable for fractions, roots or units that are not whole */
function normalForm(text: string): string {
  let result = text
    .replaceAll("\n", "")
    .replaceAll("\\!", "")
    .replaceAll("\\\\", "\\")
    .replaceAll("tfrac", "frac")
    .replaceAll("dfrac", "frac")
    .replaceAll("\\left", "")
    .replaceAll("\\right", "")
    .replaceAll("^{\\circ}", "")
    .replaceAll("^\\circ", "")
    .replaceAll("\\$", "");
  result = withoutUnits(result)
    .replaceAll("\\%", "")
    .replaceAll(" .", " 0.")
    .replaceAll("{.", "{0.");
  if (result === "") return result;
  if (result.startsWith(".")) result = `0${result}`;
  result = withBracedRoots(withoutName(result)).replaceAll(" ", "");
  result = withBracedFractions(result);
  return slashToFraction(result === "0.5" ? "\\frac{1}{2}" : result);
}

/** What stands before the unit on the right. */
function withoutUnits(text: string): string {
  const [number = "", ...units] = text.split("\\text{ ");
  if (units.length > 1) throw new Unreadable();
  return number;
}

/** `4` of `x=4`. */
function withoutName(text: string): string {
  const [name = "", value, ...more] = text.split("=");
  return value !== undefined && more.length === 0 && codePointLength(name) <= 2 ? value : text;
}

/** `\sqrt{3}` for `\sqrt3`. */
function withBracedRoots(text: string): string {
  const [start = "", ...roots] = text.split("\\sqrt");
  const braced = roots.map((root) => {
    const [first, ...rest] = root;
    if (first === undefined) throw new Unreadable();
    return first === "{" ? `\\sqrt${root}` : `\\sqrt{${first}}${rest.join("")}`;
  });
  return start + braced.join("");
}

/** `\frac{1}{2}` for `\frac12` and `\frac1{2}`; all stay as they are where one is cut off. */
function withBracedFractions(text: string): string {
  const [start = "", ...fractions] = text.split("\\frac");
  let result = start;
  for (const fraction of fractions) {
    const [first, second, ...rest] = fraction;
    if (first === undefined) throw new Unreadable();
    if (first !== "{" && second === undefined) return text;
    if (first === "{") result += `\\frac${fraction}`;
    else if (second === "{") result += `\\frac{${first}}{${rest.join("")}`;
    else result += `\\frac{${first}}{${second}}${rest.join("")}`;
  }
  return result;
}

/** `\frac{1}{2}` for `1/2`, where both are whole numbers as Python prints them. */
function slashToFraction(text: string): string {
  const whole = "(0|-?[1-9][0-9]*)";
  return text.replace(new RegExp(`^${whole}/${whole}$`), "\\frac{$1}{$2}");
}
