import { describe, expect, test } from "vitest";
import { ConfigError } from "../util/errors.js";
import { chooseDevice, probeDevice } from "./deviceFacts.js";

describe("the device of a process", () => {
  const four = ["cpu", "cuda:0", "cuda:1", "cuda:2", "cuda:3"] as const;

  test("is the GPU with the number of its LOCAL_RANK", () => {
    expect([0, 1, 3].map((rank) => chooseDevice(four, rank))).toEqual([
      "cuda:0",
      "cuda:1",
      "cuda:3",
    ]);
  });

  test("is the CPU for all where there is no GPU", () => {
    expect([0, 7].map((rank) => chooseDevice(["cpu"], rank))).toEqual(["cpu", "cpu"]);
  });

  test("must exist: the error names LOCAL_RANK, the GPUs and what to do", () => {
    const refusal = (count: number, rank: number) => {
      try {
        return chooseDevice(four.slice(0, 1 + count), rank);
      } catch (error) {
        return error as ConfigError;
      }
    };
    const error = refusal(2, 2) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain("LOCAL_RANK is 2");
    expect(error.why).toContain("2 GPUs (cuda:0, cuda:1)");
    expect(error.todo).toContain("--nproc-per-node 2");
    expect((refusal(1, 1) as ConfigError).why).toContain("one GPU (cuda:0)");
  });
});

test("use_cpu takes the CPU, which trains in bfloat16 and has nothing to page", () => {
  const { device, facts } = probeDevice(true, 5);
  expect(device).toBe("cpu");
  expect(facts).toEqual({ device: "cpu", bf16: true, pagedMemory: false });
});
