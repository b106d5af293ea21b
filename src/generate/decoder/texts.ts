/** What a decoder knows of the texts that it computes: plain data. */
import type { PreparedModel } from "../../models/index.js";
import { rotationRegime } from "../../nn/index.js";
import type { TextState } from "./chooseTokens.js";
import type { HeldPages } from "./pageTree.js";

/** A text that is being computed, or waits to be. */
export interface Text extends TextState {
  /** Number by which its events are told from others'. */
  request: number;
  /** Whose it is. */
  client: string;
  ids: number[];
  seen: Set<number>;
  answer: number[];
  counts: Map<number, number>;
  promptLength: number;
  stopIds: ReadonlySet<number>;
  /** Most tokens of the answer. */
  most: number;
  /** Tokens of the prompt that were held when it first got pages; -1 before. */
  cachedTokens: number;
}

/** A text that has its pages. */
export interface RunningText {
  text: Text;
  pages: HeldPages;
  /** Tokens whose keys and values are held. */
  held: number;
  /** Tokens of the text that the keys were rotated for, where rotations depend on its length. */
  rotatedFor: number;
}

/** Tokens that a text may come to. */
export function mostTokens({ promptLength, most }: Text): number {
  return promptLength + most;
}

/** How keys of a text of `length` tokens are rotated: alike where this is equal. */
export function rotationOf({ rotary, localRotary }: PreparedModel, length: number): string {
  const regimes = [rotary, localRotary].map((tables) =>
    tables ? rotationRegime(tables.parameters, length) : 0,
  );
  return regimes.join();
}

/**
 * Whether a text of `length` tokens needs other rotations than the keys that are held. This happens
 * where `longrope` goes from its short divisors to the long ones, or back; with dynamic scaling keys
 * stay as they are, as in transformers, and new ones are rotated for the length so far.
 */
export function outgrows({ rotary }: PreparedModel, rotatedFor: number, length: number): boolean {
  if (rotary?.parameters.rope_scaling?.rope_type !== "longrope") return false;
  const regimeOf = (tokens: number) => rotationRegime(rotary.parameters, tokens);
  return regimeOf(length) !== regimeOf(rotatedFor);
}
