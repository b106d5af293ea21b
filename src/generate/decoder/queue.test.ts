import { expect, it } from "vitest";
import { inTurn, type Served } from "./queue.js";
import type { Text } from "./texts.js";

const text = (request: number, client: string) => ({ request, client }) as Text;

/** Lets texts run, so many at once, each for one round; @returns requests in the order of their turns */
function serve(waiting: Text[], rows: number): number[] {
  const served: Served = new Map();
  const order: number[] = [];
  for (let turn = 0; waiting.length > 0; ) {
    const running = new Map<string, number>();
    const taken: Text[] = [];
    for (const next of inTurn(waiting, running, served)) {
      if (taken.length === rows) break;
      taken.push(next);
      running.set(next.client, (running.get(next.client) ?? 0) + 1);
      served.set(next.client, turn++);
    }
    order.push(...taken.map(({ request }) => request));
    waiting = waiting.filter((one) => !taken.includes(one));
  }
  return order;
}

it("one client is served in the order in which it asked", () => {
  expect(
    serve(
      [3, 4, 5].map((i) => text(i, "")),
      2,
    ),
  ).toEqual([3, 4, 5]);
});

it("clients take turns, however much one of them asks", () => {
  const waiting = [
    ...Array.from({ length: 6 }, (_, i) => text(i, "many")),
    text(10, "few"),
    text(20, "other"),
    text(11, "few"),
  ];
  expect(serve(waiting, 1)).toEqual([0, 10, 20, 1, 11, 2, 3, 4, 5]);
  expect(serve(waiting, 4)).toEqual([0, 10, 20, 1, 11, 2, 3, 4, 5]);
});

it("those with fewer texts that run go first", () => {
  const running = new Map([
    ["a", 2],
    ["b", 1],
  ]);
  const order = [...inTurn([text(0, "a"), text(1, "b"), text(2, "c")], running, new Map())];
  expect(order.map(({ request }) => request)).toEqual([2, 1, 0]);
});
