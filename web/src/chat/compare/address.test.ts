import { expect, it } from "vitest";
import type { CatalogueEntry } from "../../../../src/serve/schema";
import { parseRoute } from "../../app/route";
import { addressFor, readAddress } from "./address";
import { beforeAndAfter } from "./beforeAfter";

it("comes back from the address with any names", () => {
  const comparison = {
    models: ["base", "demo, step 100", "50% &c"],
    history: "shared",
    blind: true,
  } as const;
  const { parts, query } = parseRoute(
    addressFor({ ...comparison, models: [...comparison.models] }),
  );
  expect(parts).toEqual(["compare"]);
  expect(readAddress(query)).toEqual({ ...comparison, run: null });
  expect(readAddress(new URLSearchParams("models=a,b,c,d,e")).models).toHaveLength(4);
});

it("takes a run's result, or its last checkpoint, and what it began from", () => {
  const entry = (
    id: string,
    run: string | null,
    step: number | null,
    base: string | null,
  ): CatalogueEntry => ({
    ...{ id, run, step, base, title: id, loaded_as: null },
    kind: run === null ? "model" : "adapter",
  });
  const pairs = beforeAndAfter([
    entry("b", null, null, null),
    entry("a-50", "a", 50, "b"),
    entry("a", "a", null, "b"),
    entry("c-50", "c", 50, "elsewhere"),
    entry("c-100", "c", 100, "elsewhere"),
  ]);
  expect(pairs.map(({ run, models }) => [run, ...models])).toEqual([
    ["a", "b", "a"],
    ["c", "elsewhere", "c-100"],
  ]);
});
