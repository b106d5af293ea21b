/** Sums of values that were computed side by side. */
import { addGradient, operate, tensorOf, type Value } from "./record.js";

/** `a + b` @param a any shape @param b the same @returns the same */
export function sumValues(a: Value, b: Value): Value {
  const [output] = operate({
    inputs: [a, b],
    cost: "cheap",
    compute: () => [tensorOf(a).add(tensorOf(b))],
    backward([gradient]) {
      for (const value of [a, b]) addGradient(value, gradient!.clone());
    },
  });
  return output!;
}
