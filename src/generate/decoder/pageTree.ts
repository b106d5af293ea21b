/**
 * Which tokens lie in which pages: a tree of pages for each way of rotating keys, in which texts that
 * begin alike run on the same ones (Zheng et al., 2024, SGLang's RadixAttention). Pages that nobody runs
 * on are kept for texts to come, until room is needed. Plain data, without tensors.
 */

/** Tokens of a page. */
export const PAGE_TOKENS = 16;

/** A page, and what it holds. */
export interface PageNode {
  /** Its number; -1 for the root of a tree. */
  page: number;
  /** Its tokens, of which the first `held` are computed; the others are going to be. */
  ids: number[];
  held: number;
  parent: PageNode | null;
  children: PageNode[];
  /** Texts that run on it. */
  texts: number;
  /** When the last of them left it. */
  used: number;
  /** Whether no other text may find it, and it is given back once its text leaves it. */
  isPrivate: boolean;
}

export interface PageTree {
  /** Pages in all. */
  count: number;
  /** Pages that hold nothing: given back, and, from `untouched` on, never used. */
  free: number[];
  untouched: number;
  /** Pages that are kept, and nobody runs on. */
  idle: number;
  /** By the way in which keys are rotated. */
  roots: Map<string, PageNode>;
}

/** What a text holds: the pages of its tokens, in their order, under a root. */
export interface HeldPages {
  root: PageNode;
  path: PageNode[];
}

export function createTree(count: number): PageTree {
  return { count, free: [], untouched: 0, idle: 0, roots: new Map() };
}

/** The root of texts whose keys are rotated alike. */
export function rootOf(tree: PageTree, rotation: string): PageNode {
  const found = tree.roots.get(rotation);
  if (found) return found;
  const root = newNode(-1, null);
  tree.roots.set(rotation, root);
  return root;
}

function newNode(page: number, parent: PageNode | null): PageNode {
  const fields = { ids: [], held: 0, children: [], texts: 0, used: 0, isPrivate: false };
  return { page, parent, ...fields };
}

/** Pages that a text could get now. */
export function availablePages({ count, free, untouched, idle }: PageTree): number {
  return free.length + (count - untouched) + idle;
}

/** Where the beginning of a text can come from. */
export interface Beginning {
  /** Pages that hold nothing but it. */
  path: PageNode[];
  /** A page that goes on with it for `count` tokens more. */
  rest: { node: PageNode; count: number } | null;
  /** Tokens of it that are held. */
  shared: number;
  /** Tokens of it that are, or are about to be. */
  promised: number;
}

/** Looks for the beginning of a text. Its last token is always computed. */
export function findBeginning(root: PageNode, ids: readonly number[]): Beginning {
  const beginning: Beginning = { path: [], rest: null, shared: 0, promised: 0 };
  const most = ids.length - 1;
  let isWhole = true;
  for (let node = root, at = 0; at < most; at += PAGE_TOKENS) {
    const [best, common] = bestChild(node, ids, at, most);
    if (!best) break;
    beginning.promised = at + common;
    const held = Math.min(common, best.held);
    if (isWhole) {
      beginning.shared += held;
      if (held === PAGE_TOKENS) beginning.path.push(best);
      else if (held > 0) beginning.rest = { node: best, count: held };
    }
    isWhole &&= held === PAGE_TOKENS;
    if (common < PAGE_TOKENS) break;
    node = best;
  }
  return beginning;
}

/** The page that goes on with a text for the most tokens, and how many these are. */
function bestChild(
  { children }: PageNode,
  ids: readonly number[],
  at: number,
  most: number,
): [PageNode | null, number] {
  let best: PageNode | null = null;
  let longest = 0;
  for (const child of children) {
    if (child.isPrivate) continue;
    const limit = Math.min(child.ids.length, most - at);
    let common = 0;
    while (common < limit && child.ids[common] === ids[at + common]) common++;
    if (common < longest || common === 0) continue;
    if (common === longest && best && child.held <= best.held) continue;
    best = child;
    longest = common;
  }
  return [best, longest];
}

/** Tokens that must be copied from one page into another. */
export interface PageCopy {
  from: number;
  to: number;
  count: number;
}

/**
 * Gives a text its pages: those that hold its beginning, and new ones for the rest of its tokens.
 *
 * @param spare pages that must be left for others
 * @returns null where there are not enough; otherwise what it holds, how many of its tokens are computed,
 *   and what must be copied
 */
export function takePages(
  tree: PageTree,
  root: PageNode,
  ids: readonly number[],
  spare: number,
): { held: HeldPages; shared: number; copy: PageCopy | null } | null {
  const { path, rest } = findBeginning(root, ids);
  const held: HeldPages = { root, path };
  let shared = path.length * PAGE_TOKENS;
  if (rest && canGoOn(rest)) {
    path.push(rest.node);
    shared += rest.count;
  }
  for (const node of path) enter(tree, node);
  const missing = Math.ceil(ids.length / PAGE_TOKENS) - path.length;
  const source = rest && !path.includes(rest.node) ? rest.node : null;
  // What is to be copied must not be given away meanwhile, if there is room to keep it.
  if (source) enter(tree, source);
  const canCopy = source !== null && missing + spare <= availablePages(tree);
  if (source && !canCopy) leave(tree, source, source.used);
  if (missing + spare > availablePages(tree)) {
    for (const node of path) leave(tree, node, node.used);
    return null;
  }
  const first = path.length;
  coverTokens(tree, held, ids, ids.length, true);
  if (!canCopy) return { held, shared, copy: null };
  leave(tree, source, source.used);
  const { count } = rest!;
  path[first]!.held = count;
  return {
    held,
    shared: shared + count,
    copy: { from: source.page, to: path[first]!.page, count },
  };
}

/** Whether a text may write behind its tokens in a page, which holds no others. */
function canGoOn({ node, count }: { node: PageNode; count: number }): boolean {
  return node.texts === 0 && node.children.length === 0 && node.held === count;
}

/**
 * Makes sure that the first `end` tokens of a text have pages.
 *
 * @param shared whether other texts may find its new tokens
 * @returns false where there are no pages left; some may have been taken
 */
export function coverTokens(
  tree: PageTree,
  { root, path }: HeldPages,
  ids: readonly number[],
  end: number,
  shared: boolean,
): boolean {
  for (;;) {
    const last = path.at(-1);
    const first = Math.max(path.length - 1, 0) * PAGE_TOKENS;
    if (last) {
      const known = first + last.ids.length;
      const limit = Math.min(end, first + PAGE_TOKENS);
      if (known < limit) {
        for (let i = known; i < limit; i++) last.ids.push(ids[i]!);
        last.isPrivate ||= !shared;
      }
      if (end <= first + PAGE_TOKENS) return true;
    } else if (end === 0) return true;
    const page = takePage(tree);
    if (page === null) return false;
    const parent = last ?? root;
    const node = newNode(page, parent);
    node.texts = 1;
    node.isPrivate = !shared || parent.isPrivate;
    parent.children.push(node);
    path.push(node);
  }
}

/** Notes that the first `end` tokens of a text are computed, of which `start` were before. */
export function markHeld({ path }: HeldPages, start: number, end: number): void {
  for (let at = Math.floor(start / PAGE_TOKENS); at * PAGE_TOKENS < end; at++) {
    path[at]!.held = Math.min(end - at * PAGE_TOKENS, PAGE_TOKENS);
  }
}

/** Takes a text off its pages. What it has computed stays for others. */
export function leavePages(tree: PageTree, { path }: HeldPages, now: number): void {
  for (const node of path.splice(0).reverse()) {
    leave(tree, node, now);
    if (node.texts > 0) continue;
    node.ids.length = node.held;
    if (node.isPrivate || node.held === 0) remove(tree, node);
  }
}

/** Gives back all pages that nobody runs on; those that are run on, once they are left. */
export function forgetPages(tree: PageTree, running: readonly HeldPages[]): void {
  giveBack(tree, tree.idle);
  for (const { path } of running) for (const node of path) node.isPrivate = true;
}

function enter(tree: PageTree, node: PageNode): void {
  if (node.texts++ === 0) tree.idle--;
}

function leave(tree: PageTree, node: PageNode, now: number): void {
  if (--node.texts > 0) return;
  tree.idle++;
  node.used = now;
}

/** Removes a page that nobody runs on, and that has no children. */
function remove(tree: PageTree, node: PageNode): void {
  const { children } = node.parent!;
  children.splice(children.indexOf(node), 1);
  tree.idle--;
  tree.free.push(node.page);
}

function takePage(tree: PageTree): number | null {
  if (tree.free.length === 0 && tree.untouched < tree.count) return tree.untouched++;
  // A few more than one, so that the tree is not searched for each.
  if (tree.free.length === 0) giveBack(tree, Math.max(1, Math.floor(tree.idle / 16)));
  return tree.free.pop() ?? null;
}

/** Gives back pages that nobody runs on, those that were left first before the others. */
function giveBack(tree: PageTree, count: number): void {
  const idle: { node: PageNode; depth: number }[] = [];
  const open = [...tree.roots.values()].map((node) => ({ node, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth } = next;
    if (node.page >= 0 && node.texts === 0) idle.push(next);
    for (const child of node.children) open.push({ node: child, depth: depth + 1 });
  }
  // A page is left no earlier than those behind it, which go first.
  idle.sort((a, b) => a.node.used - b.node.used || b.depth - a.depth);
  for (const { node } of idle.slice(0, count)) remove(tree, node);
}
