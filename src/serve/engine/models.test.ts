import { rmSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import {
  createDecoder,
  disposeDecoder,
  greedySettings,
  isIdle,
  step,
  submit,
} from "../../generate/index.js";
import { testAdapter, writeTestModel } from "../../generate/testModel.js";
import { liveTensors } from "../../tensor/index.js";
import { createTables, factsOf, type LoadedModel, load, unload } from "./models.js";

const directory = writeTestModel();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const spec = (name: string, adapters: string[] = []) => ({
  name,
  source: name,
  place: directory,
  adapters,
  template: "firefly-classic",
});

/** Greedy ids behind a prompt. */
function idsOf({ prepared }: LoadedModel): number[] {
  const decoder = createDecoder(prepared);
  submit(decoder, {
    promptIds: Int32Array.of(5, 6, 7),
    settings: { ...greedySettings, maxNewTokens: 8 },
  });
  const ids: number[] = [];
  while (!isIdle(decoder)) {
    for (const event of step(decoder)) if ("tokenId" in event) ids.push(event.tokenId);
  }
  disposeDecoder(decoder);
  return ids;
}

it("adapters of one base share its weights, answer as if alone, and go in any order", async () => {
  const before = liveTensors();
  const alone = createTables();
  const one = await load(alone, spec("alone", [testAdapter]), () => {});
  const wanted = idsOf(one);
  unload(alone, one);
  expect(liveTensors()).toBe(before);

  const tables = createTables();
  const shares: number[] = [];
  const base = await load(tables, spec("base"), (share) => shares.push(share));
  expect(shares.at(-1)).toBe(1);
  const plain = idsOf(base);
  const withBase = liveTensors();
  const first = await load(tables, spec("first", [testAdapter]), () => {});
  const own = liveTensors() - withBase;
  const second = await load(tables, spec("second", [testAdapter]), () => {});
  expect(liveTensors() - withBase).toBe(2 * own);
  expect(tables.bases.size).toBe(1);
  expect(factsOf(first)).toMatchObject({ shares: "base" });
  expect(factsOf(first).memoryBytes).toBeLessThan(factsOf(base).memoryBytes);
  expect(idsOf(first)).toEqual(wanted);
  expect(idsOf(second)).toEqual(wanted);
  expect(idsOf(base)).toEqual(plain);
  expect(wanted).not.toEqual(plain);

  unload(tables, base);
  expect(idsOf(second)).toEqual(wanted);
  unload(tables, first);
  unload(tables, second);
  expect(tables.bases.size).toBe(0);
  expect(liveTensors()).toBe(before);
});

it("a model that cannot be loaded leaves nothing", async () => {
  const before = liveTensors();
  const tables = createTables();
  await expect(load(tables, spec("wrong", ["/nowhere"]), () => {})).rejects.toThrow();
  expect(liveTensors()).toBe(before);
  expect(tables.bases.size).toBe(0);
});
