/** Whether the demo did what it promises, by the loss on conversations that were not learnt from. */
import { TunewrightError } from "../../util/errors.js";

/** The two losses, mean of a labelled token, natural logarithm. */
export interface HeldOutLoss {
  before: number;
  after: number;
}

/** `4.19 → 1.05 (25% of the value before)`. */
export function describeLoss({ before, after }: HeldOutLoss): string {
  return `${before.toFixed(2)} → ${after.toFixed(2)} (${Math.round((100 * after) / before)}% of the value before)`;
}

/** Whether the loss after is at most `bound` of that before; never with a loss that is no number. */
export function hasLearnt({ before, after }: HeldOutLoss, bound: number): boolean {
  return after <= bound * before;
}

/** The error that ends a demo whose loss did not fall enough. */
export function notLearnt(loss: HeldOutLoss, bound: number, runDir: string): TunewrightError {
  return new TunewrightError("the fine-tuned model has not learned enough", {
    why: `held-out loss: ${describeLoss(loss)}; expected at most ${Math.round(100 * bound)}%`,
    todo: `this should not happen, so please report it, with ${runDir}/events.jsonl and the output of ./tunewright doctor`,
  });
}
