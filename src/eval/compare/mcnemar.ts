/** McNemar's test: of the questions that one model alone has right, does each model have half? */
import { fairCoins } from "./distributions.js";

export interface McNemar {
  /** Questions that only the base has right. */
  lost: number;
  /** Questions that only the tuned model has right. */
  gained: number;
  /** Two-sided; 1 where no question flipped. */
  p: number;
  /** `exact`: binomial; `mid-p`: half of the observed outcome's chance counts. */
  method: "exact" | "mid-p";
}

/** From this many discordant pairs on mid-p is used. */
export const MANY_DISCORDANT = 25;

/**
 * McNemar's test with binomial chances. With few discordant pairs the exact one, which never errs too often;
 * with many the mid-p one, which is not as timid (Fagerland, Lydersen & Laake, 2013, BMC Medical Research
 * Methodology 13:91).
 */
export function mcNemar(lost: number, gained: number): McNemar {
  const total = lost + gained;
  const method = total < MANY_DISCORDANT ? "exact" : "mid-p";
  const fewer = Math.min(lost, gained);
  let tail = 0;
  for (let count = 0; count <= fewer; count++) tail += fairCoins(count, total);
  const exact = 2 * tail;
  const p = method === "exact" ? exact : exact - fairCoins(fewer, total);
  return { lost, gained, method, p: Math.min(1, p) };
}

/**
 * Holm's adjustment (1979): with the p-values that it gives, the chance of calling any chance difference real
 * stays below the level, however many are tested.
 *
 * @returns adjusted values, in the order of the given ones
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(values.length);
  let highest = 0;
  order.forEach(({ p, index }, rank) => {
    highest = Math.max(highest, Math.min(1, p * (values.length - rank)));
    adjusted[index] = highest;
  });
  return adjusted;
}
