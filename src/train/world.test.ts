import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/index.js";
import { describeLauncherThreads, openWorld } from "./world.js";

describe("a world of one process", () => {
  it("is what there is without a launcher, or where it starts one process", () => {
    for (const environment of [{}, { RANK: "0", WORLD_SIZE: "1", LOCAL_RANK: "0" }]) {
      expect(openWorld(environment)).toMatchObject({
        rank: 0,
        size: 1,
        localRank: 0,
        isFirst: true,
      });
    }
    expect(openWorld({ LOCAL_RANK: "3" }).localRank).toBe(3);
  });

  it("changes nothing by its reductions", async () => {
    const world = openWorld({});
    const gradients = tensor([1, 2, 3]);
    world.sumTensor(gradients);
    expect([...new Float32Array(gradients.bytes().buffer)]).toEqual([1, 2, 3]);
    gradients.dispose();
    expect(await world.sum([4, 0.5])).toEqual([4, 0.5]);
    expect([await world.any(true), await world.any(false)]).toEqual([true, false]);
    await world.barrier();
  });
});

describe("what a launcher may not ask for", () => {
  it.each([
    [{ RANK: "1", WORLD_SIZE: "2" }, /training in 2 processes is not supported yet/],
    [{ RANK: "1" }, /RANK 1 and WORLD_SIZE 1 contradict/],
    [{ WORLD_SIZE: "0" }, /RANK 0 and WORLD_SIZE 0 contradict/],
    [{ WORLD_SIZE: "two" }, /WORLD_SIZE is "two"/],
    [{ RANK: "-1" }, /RANK is "-1"/],
    [{ LOCAL_RANK: "1.5" }, /LOCAL_RANK is "1.5"/],
  ])("%o", (environment, message) => {
    expect(() => openWorld(environment)).toThrow(message);
    expect(() => openWorld(environment)).toThrow(expect.objectContaining({ code: "CONFIG" }));
  });
});

it("one thread on a machine of several cores is told where a launcher has chosen it", () => {
  const launched = { OMP_NUM_THREADS: "1", LOCAL_RANK: "0" };
  expect(describeLauncherThreads(launched, 4)).toContain("OMP_NUM_THREADS=4 would use all 4 cores");
  expect(describeLauncherThreads(launched, 1)).toBeUndefined();
  expect(describeLauncherThreads({ ...launched, OMP_NUM_THREADS: "2" }, 4)).toBeUndefined();
  expect(describeLauncherThreads({ OMP_NUM_THREADS: "1" }, 4)).toBeUndefined();
});
