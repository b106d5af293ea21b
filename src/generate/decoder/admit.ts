/** Gives texts that wait their pages, and takes them from others where there are too few. */
import type { PreparedModel } from "../../models/index.js";
import {
  coverTokens,
  findBeginning,
  leavePages,
  PAGE_TOKENS,
  type PageTree,
  rootOf,
  takePages,
} from "./pageTree.js";
import { countByClient, inTurn, type Served } from "./queue.js";
import { copyTokens, createStorage, type PageStorage } from "./storage.js";
import { outgrows, type RunningText, rotationOf, type Text } from "./texts.js";

/** What admission looks at and changes. */
export interface Admission {
  prepared: PreparedModel;
  storage: PageStorage;
  tree: PageTree;
  /** In the order in which they got their pages. */
  running: RunningText[];
  /** In the order in which they came. */
  waiting: Text[];
  served: Served;
  /** Texts that got pages so far. */
  turns: number;
  /** Most texts at once. */
  mostRows: number;
  steps: number;
}

/** Beginnings of fewer tokens are not worth waiting for. */
const LEAST_PROMISED = PAGE_TOKENS;

/** Texts that are passed over in one step; to look at more takes longer than it gains. */
const MOST_PASSED = 64;

/**
 * Gives pages to the texts that wait, as clients take turns. One whose beginning another text is about to
 * compute is passed over until it can be shared.
 */
export function admit(admission: Admission): void {
  const { waiting, running, served, mostRows } = admission;
  if (waiting.length === 0 || running.length >= mostRows) return;
  const counts = countByClient(running.map(({ text }) => text));
  const admitted = new Set<Text>();
  let passed = 0;
  for (const text of inTurn(waiting, counts, served)) {
    if (running.length >= mostRows) break;
    const isPassed = comesSoon(admission, text);
    if (isPassed && passed++ < MOST_PASSED) continue;
    if (isPassed || !place(admission, text)) break;
    admitted.add(text);
    counts.set(text.client, (counts.get(text.client) ?? 0) + 1);
    served.set(text.client, admission.turns++);
  }
  admission.waiting = waiting.filter((text) => !admitted.has(text));
  if (admission.waiting.length === 0) served.clear();
}

function comesSoon({ prepared, tree }: Admission, { ids }: Text): boolean {
  const root = rootOf(tree, rotationOf(prepared, ids.length));
  const { shared, promised } = findBeginning(root, ids);
  return promised >= shared + LEAST_PROMISED;
}

/** @returns false where there are too few pages now */
function place(admission: Admission, text: Text): boolean {
  const { prepared, storage, tree, running } = admission;
  const { ids } = text;
  // Each of the others may soon need one more.
  const taken = takePages(
    tree,
    rootOf(tree, rotationOf(prepared, ids.length)),
    ids,
    running.length,
  );
  if (!taken) return false;
  if (storage.length === 0) storage.push(...createStorage(prepared, tree.count * PAGE_TOKENS));
  if (taken.copy) copyTokens(storage, taken.copy);
  if (text.cachedTokens < 0) text.cachedTokens = taken.shared;
  running.push({ text, pages: taken.held, held: taken.shared, rotatedFor: ids.length });
  return true;
}

/** Takes a text off its pages; what it has computed stays for those that begin alike. */
export function release(admission: Admission, one: RunningText): void {
  leavePages(admission.tree, one.pages, admission.steps);
  admission.running = admission.running.filter((other) => other !== one);
}

/** Takes a text off its pages until it gets some again. */
function suspend(admission: Admission, one: RunningText): void {
  release(admission, one);
  admission.waiting.unshift(one.text);
}

/** Lets texts that need other rotations from now on begin anew. */
export function suspendOutgrown(admission: Admission): void {
  const { prepared, running } = admission;
  for (const one of [...running]) {
    if (outgrows(prepared, one.rotatedFor, one.text.ids.length)) suspend(admission, one);
  }
}

/**
 * Makes sure that every text has pages for all of its tokens. Where there are too few, those that got
 * theirs last give them up, and compute what was lost again later.
 */
export function coverAll(admission: Admission): void {
  const { prepared, tree } = admission;
  for (const one of [...admission.running]) {
    const { ids } = one.text;
    const isShared = rotationOf(prepared, ids.length) === rotationOf(prepared, one.rotatedFor);
    while (
      admission.running.includes(one) &&
      !coverTokens(tree, one.pages, ids, ids.length, isShared)
    ) {
      suspend(admission, admission.running.at(-1)!);
    }
  }
}
