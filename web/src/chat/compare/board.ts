/** The comparison that is shown. It lives outside the screen, so that answers go on while another is open. */
import { useSyncExternalStore } from "react";
import { complete, newAnswer } from "../answers";
import { putStored, readStoredOne } from "../conversation";
import { samplingFields } from "../sampling";
import {
  askedMessages,
  type Comparison,
  comparisonId,
  newComparison,
  settledComparison,
  withColumnAnswer,
  withTurn,
} from "./comparison";
import type { ScriptTurn } from "./script";

export interface Board {
  comparison: Comparison;
  /** Turns of the script that are still to come. */
  queue: readonly ScriptTurn[];
  isRunning: boolean;
  isLoaded: boolean;
  /** The browser keeps nothing, as in some private windows. */
  isForgetful: boolean;
}

let board: Board = {
  comparison: newComparison([]),
  queue: [],
  isRunning: false,
  isLoaded: true,
  isForgetful: false,
};
let control = new AbortController();
const listeners = new Set<() => void>();
const storeAfter = 500;
let unsaved: ReturnType<typeof setTimeout> | null = null;

function change(changed: Partial<Board>): void {
  board = { ...board, ...changed };
  for (const listener of listeners) listener();
}

export function useBoard(): Board {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => board,
  );
}

export function setComparison(comparison: Comparison): void {
  change({ comparison });
  if (unsaved !== null) clearTimeout(unsaved);
  unsaved = setTimeout(save, storeAfter);
}

function save(): void {
  if (unsaved !== null) clearTimeout(unsaved);
  unsaved = null;
  const { comparison } = board;
  if (comparison.models.length === 0) return;
  putStored("comparisons", comparison).catch(() => change({ isForgetful: true }));
}

addEventListener("pagehide", save);

/** Shows the comparison of these models, as this browser last had it. @param prepare changes a new one */
export async function openComparison(
  models: string[],
  prepare: (comparison: Comparison) => Comparison,
): Promise<void> {
  if (comparisonId(models) === board.comparison.id) {
    change({ comparison: prepare(board.comparison) });
    return;
  }
  stopAll();
  if (unsaved !== null) save();
  const { system, sampling } = board.comparison;
  const fresh = prepare({ ...newComparison(models), system, sampling });
  change({ comparison: fresh, queue: [], isLoaded: false });
  const stored = await readStoredOne<Comparison>("comparisons", fresh.id).catch(() => null);
  if (board.comparison.id !== fresh.id) return;
  const kept = stored && stored.turns.length > 0 ? prepare(settledComparison(stored)) : null;
  change({ comparison: kept ?? board.comparison, isLoaded: true });
}

/** Stops all answers, and the script. */
export function stopAll(): void {
  control.abort();
  change({ queue: [] });
}

/** Gives the turns one after the other to all models. @param nameOf what a column's model is called in a request */
export async function askAll(
  turns: readonly ScriptTurn[],
  nameOf: (column: number) => string,
): Promise<void> {
  if (board.isRunning) return;
  control = new AbortController();
  const { signal } = control;
  change({ queue: turns, isRunning: true });
  while (!signal.aborted) {
    const [turn, ...rest] = board.queue;
    if (!turn) break;
    change({ queue: rest });
    const { user, reference } = turn;
    setComparison(withTurn(board.comparison, user, reference, Math.random));
    const index = board.comparison.turns.length - 1;
    const columns = board.comparison.models.map((_, column) => column);
    await Promise.all(columns.map((column) => askColumn(index, column, nameOf(column), signal)));
  }
  change({ isRunning: false });
}

/** Asks one model once more. */
export async function askAgain(index: number, column: number, name: string): Promise<void> {
  if (board.isRunning) return;
  control = new AbortController();
  change({ isRunning: true });
  await askColumn(index, column, name, control.signal);
  change({ isRunning: false });
}

async function askColumn(
  index: number,
  column: number,
  model: string,
  signal: AbortSignal,
): Promise<void> {
  const { comparison } = board;
  const body = {
    model,
    messages: askedMessages(comparison, column, index),
    ...samplingFields(comparison.sampling),
  };
  const begun = newAnswer(model, Date.now());
  const show = (answer: typeof begun) => {
    if (board.comparison.id !== comparison.id || !board.comparison.turns[index]) return;
    setComparison(withColumnAnswer(board.comparison, index, column, answer));
  };
  show(begun);
  await complete(begun, body, signal, show);
}
