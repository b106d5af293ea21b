/** What a decoder knows of the texts that it computes: plain data. */
import type { PreparedModel } from "../../models/index.js";
import { rotationRegime } from "../../nn/index.js";
import type { TextState } from "./chooseTokens.js";

/** A text that is being computed, or waits to be. */
export interface Text extends TextState {
  /** Number by which its tokens are told from others'. */
  request: number;
  /** Whose it is. */
  client: string;
  ids: number[];
  seen: Set<number>;
  answer: number[];
  counts: Map<number, number>;
  promptLength: number;
  /** Tokens of the prompt that were held when it got its row. */
  cachedTokens: number;
  stopIds: ReadonlySet<number>;
  /** Most tokens of the answer. */
  most: number;
}

/** A row of the storage, and what it holds. */
export interface Row {
  /** The text whose beginning is held; beyond `held` it is still to be computed. */
  ids: readonly number[];
  /** Tokens whose keys and values are held. */
  held: number;
  /** Tokens of the text that the keys were rotated for, where rotations depend on its length. */
  rotatedFor: number;
  /** Whom it is computed for; null: it is kept for what texts to come share with it. */
  text: Text | null;
  /** When it was last computed for, in steps. */
  used: number;
}

export function freeRow(): Row {
  return { ids: [], held: 0, rotatedFor: 0, text: null, used: 0 };
}

/** Tokens that a text may come to. */
export function mostTokens({ promptLength, most }: Text): number {
  return promptLength + most;
}

/** Beginnings of fewer tokens are not worth waiting for. */
const LEAST_SHARED = 16;

/** Where the beginning of a text can come from. */
export interface Beginning {
  /** The row that holds the most of it; null for none. */
  from: Row | null;
  /** Tokens of it that `from` holds. */
  shared: number;
  /** Whether another row is about to hold more. */
  comesSoon: boolean;
}

/** Looks for the beginning of a text among the rows. The last token of a prompt is always computed. */
export function findBeginning(
  prepared: PreparedModel,
  rows: readonly Row[],
  ids: readonly number[],
): Beginning {
  let from: Row | null = null;
  let shared = 0;
  let promised = 0;
  for (const row of rows) {
    if (row.ids.length === 0 || !rotatesAlike(prepared, row, ids.length)) continue;
    const common = Math.min(commonBeginning(row.ids, ids), ids.length - 1);
    if (row.text) promised = Math.max(promised, common);
    const held = Math.min(common, row.held);
    if (held > shared) {
      from = row;
      shared = held;
    }
  }
  return { from, shared, comesSoon: promised >= shared + LEAST_SHARED };
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

/** Whether a text of `length` tokens rotates keys as all that the row holds were rotated. */
function rotatesAlike({ rotary }: PreparedModel, row: Row, length: number): boolean {
  if (!rotary) return true;
  const regime = rotationRegime(rotary.parameters, length);
  return [row.rotatedFor, row.ids.length].every(
    (tokens) => rotationRegime(rotary.parameters, tokens) === regime,
  );
}

function commonBeginning(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
