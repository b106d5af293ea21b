import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { garbageMeter } from "./collectGarbage.js";

test("what is no longer used is freed when as many bytes were handed out, and not before", async () => {
  const count = garbageMeter(100);
  const held = new WeakRef(new Int32Array(1000));
  await wait(1);
  count(60);
  expect(held.deref()).toBeDefined();
  await wait(1);
  count(60);
  expect(held.deref()).toBeUndefined();
});
