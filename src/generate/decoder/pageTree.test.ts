/** Pages and who runs on them: sharing, room, and that none is ever lost. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../test/engine/random.js";
import {
  availablePages,
  coverTokens,
  createTree,
  findBeginning,
  forgetPages,
  type HeldPages,
  leavePages,
  markHeld,
  PAGE_TOKENS,
  type PageNode,
  type PageTree,
  rootOf,
  takePages,
} from "./pageTree.js";

const count = (length: number, first = 0) => Array.from({ length }, (_, i) => first + i);

/** All pages of the tree, those of roots left out. */
function nodesOf(tree: PageTree): PageNode[] {
  const below = (node: PageNode): PageNode[] =>
    node.children.flatMap((one) => [one, ...below(one)]);
  return [...tree.roots.values()].flatMap(below);
}

/** Every page is free or in the tree, once; counts are those of the texts. */
function expectWhole(tree: PageTree, texts: readonly HeldPages[]): void {
  const nodes = nodesOf(tree);
  const untouched = count(tree.count - tree.untouched, tree.untouched);
  const pages = [...nodes.map(({ page }) => page), ...tree.free, ...untouched];
  expect(pages.sort((a, b) => a - b)).toEqual(count(tree.count));
  expect(nodes.filter(({ texts: on }) => on === 0)).toHaveLength(tree.idle);
  for (const node of nodes) {
    expect(node.texts).toBe(texts.filter(({ path }) => path.includes(node)).length);
    expect(node.parent!.children).toContain(node);
    expect(node.held).toBeLessThanOrEqual(node.ids.length);
    if (node.texts === 0) expect(node.held).toBe(node.ids.length);
    // Only a page that is full and computed has others behind it that are.
    if (node.children.some(({ held }) => held > 0)) expect(node.held).toBe(PAGE_TOKENS);
  }
}

interface Running {
  ids: number[];
  held: HeldPages;
  computed: number;
}

function begin(tree: PageTree, ids: number[], spare = 0): Running | null {
  const taken = takePages(tree, rootOf(tree, "0"), ids, spare);
  return taken && { ids, held: taken.held, computed: taken.shared };
}

function compute(one: Running, end = one.ids.length): void {
  markHeld(one.held, one.computed, end);
  one.computed = end;
}

describe("texts", () => {
  it("share whole pages, copy what they share of one, and go on behind what nobody runs on", () => {
    const tree = createTree(20);
    const first = begin(tree, count(40))!;
    expect(findBeginning(rootOf(tree, "0"), count(40))).toMatchObject({ shared: 0, promised: 39 });
    compute(first);
    const second = takePages(tree, rootOf(tree, "0"), [...count(36), 99, 98], 0)!;
    expect(second.shared).toBe(36);
    expect(second.held.path.slice(0, 2)).toEqual(first.held.path.slice(0, 2));
    expect(second.copy).toEqual({
      from: first.held.path[2]!.page,
      to: second.held.path[2]!.page,
      count: 4,
    });
    leavePages(tree, second.held, 1);
    const pages = first.held.path.map(({ page }) => page);
    leavePages(tree, first.held, 2);
    const next = takePages(tree, rootOf(tree, "0"), count(60), 0)!;
    expect(next).toMatchObject({ shared: 40, copy: null });
    expect(next.held.path.map(({ page }) => page).slice(0, 3)).toEqual(pages);
    expectWhole(tree, [next.held]);
  });

  it("share nothing where their keys are rotated differently", () => {
    const tree = createTree(20);
    const first = begin(tree, count(40))!;
    compute(first);
    expect(findBeginning(rootOf(tree, "1"), count(40)).promised).toBe(0);
    expect(coverTokens(tree, first.held, count(50), 50, false)).toBe(true);
    expect(findBeginning(rootOf(tree, "0"), count(60)).promised).toBe(32);
    leavePages(tree, first.held, 1);
    expect(nodesOf(tree)).toHaveLength(2);
    expectWhole(tree, []);
  });

  it("give back what was left first, ends before beginnings", () => {
    const tree = createTree(6);
    for (const [time, first] of [0, 100].entries()) {
      const one = begin(tree, count(48, first))!;
      compute(one);
      leavePages(tree, one.held, time);
    }
    expect(tree.idle).toBe(6);
    const third = begin(tree, count(20, 200))!;
    expect(findBeginning(rootOf(tree, "0"), count(49)).shared).toBe(16);
    expect(findBeginning(rootOf(tree, "0"), count(49, 100)).shared).toBe(48);
    expectWhole(tree, [third.held]);
  });

  it("get none of their pages where there are too few, and all where they just fit", () => {
    const tree = createTree(4);
    const first = begin(tree, count(33))!;
    expect(begin(tree, count(17, 50))).toBeNull();
    expect(begin(tree, count(10, 50), 1)).toBeNull();
    expectWhole(tree, [first.held]);
    compute(first);
    leavePages(tree, first.held, 1);
    // All pages are needed, that from which tokens could be copied too.
    const whole = begin(tree, [...count(30), ...count(34, 70)])!;
    expect(whole.held.path).toHaveLength(4);
    expect(whole.computed).toBe(16);
    expectWhole(tree, [whole.held]);
  });
});

it.each([1, 2, 3, 4])("whatever texts come and go, no page is lost (seed %d)", (seed) => {
  const random = seededRandom(seed);
  const tree = createTree(24);
  const running: Running[] = [];
  let now = 0;
  for (let round = 0; round < 1500; round++) {
    now++;
    const one = running.length > 0 ? random.pick(running) : null;
    const action = random.below(10);
    if (!one || action < 3) {
      const ids = Array.from({ length: 1 + random.below(90) }, () => random.below(2));
      const started = begin(tree, ids, running.length);
      if (started) {
        expect(started.computed).toBeLessThan(ids.length);
        running.push(started);
      }
    } else if (action < 5) {
      compute(one, one.computed + random.below(one.ids.length - one.computed + 1));
    } else if (action < 7 && one.computed === one.ids.length) {
      one.ids.push(random.below(2));
      if (!coverTokens(tree, one.held, one.ids, one.ids.length, !random.chance(0.05)))
        one.ids.pop();
    } else if (action < 9) {
      leavePages(tree, one.held, now);
      running.splice(running.indexOf(one), 1);
    } else if (random.chance(0.02)) {
      forgetPages(
        tree,
        running.map(({ held }) => held),
      );
    }
    if (round % 10 === 0) {
      expectWhole(
        tree,
        running.map(({ held }) => held),
      );
    }
  }
  for (const { held } of running) leavePages(tree, held, now);
  expectWhole(tree, []);
  expect(availablePages(tree)).toBe(24);
  forgetPages(tree, []);
  expect(nodesOf(tree)).toEqual([]);
  expect(availablePages(tree)).toBe(24);
});
