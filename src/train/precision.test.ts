import { describe, expect, test } from "vitest";
import type { Processor } from "../util/processor.js";
import { choosePrecision } from "./precision.js";

const intel = (...instructions: string[]): Processor => {
  return { model: "Xeon", vendor: "GenuineIntel", instructions: ["avx2", ...instructions] };
};
const avx512 = ["avx512f", "avx512_vnni", "avx512_bf16"];
const sapphireRapids = intel(...avx512, "amx_tile", "amx_bf16");
const zen4: Processor = { ...intel(...avx512), vendor: "AuthenticAMD" };
const neoverse: Processor = { model: "Neoverse", vendor: "", instructions: ["asimd", "bf16"] };
const bf16 = { device: "cpu", computeDtype: "bfloat16", compute_dtype: "auto" } as const;

describe("bfloat16 weights on a CPU", () => {
  test.each([
    ["AMX", sapphireRapids, {}, "bfloat16"],
    ["AMX masked by a hypervisor", intel(...avx512), {}, "float32"],
    ["AVX-512 without BF16", intel("avx512f"), {}, "float32"],
    ["AVX2", intel(), {}, "float32"],
    ["Zen 4", zen4, {}, "bfloat16"],
    ["Zen 3", { ...intel(), vendor: "AuthenticAMD" }, {}, "float32"],
    ["Arm with BF16", neoverse, {}, "bfloat16"],
    ["a system that does not tell", { model: "", vendor: "", instructions: [] }, {}, "float32"],
    ["AMX, oneDNN held to AVX-512", sapphireRapids, { DNNL_MAX_CPU_ISA: "avx512_core" }, "float32"],
    ["AMX, oneDNN free", sapphireRapids, { ONEDNN_MAX_CPU_ISA: "all" }, "bfloat16"],
    [
      "AMX, oneDNN held to AMX",
      sapphireRapids,
      { ONEDNN_MAX_CPU_ISA: "AVX512_CORE_AMX" },
      "bfloat16",
    ],
    ["Zen 4, oneDNN held to BF16", zen4, { DNNL_MAX_CPU_ISA: "AVX512_CORE_BF16" }, "bfloat16"],
    ["Zen 4, oneDNN held to AVX2", zen4, { DNNL_MAX_CPU_ISA: "AVX2" }, "float32"],
  ] as const)("%s", (_, processor, environment, dtype) => {
    const choice = choosePrecision(bf16, undefined, processor, environment);
    expect(choice.dtype).toBe(dtype);
    expect(choice.line).toContain(`in ${dtype}: ${choice.reason}`);
  });
});

test("other weights, and those on a GPU, are multiplied in their own type", () => {
  for (const computeDtype of ["float32", "float16", "bfloat16"] as const) {
    const choice = choosePrecision({ ...bf16, device: "cuda", computeDtype }, undefined, intel());
    expect(choice).toEqual({ dtype: computeDtype, reason: "the type of the weights" });
  }
  const single = choosePrecision({ ...bf16, computeDtype: "float32" }, undefined, sapphireRapids);
  expect(single.dtype).toBe("float32");
});

test("compute_dtype decides, also against an earlier attempt, and says so", () => {
  const asked = { ...bf16, compute_dtype: "float32" } as const;
  expect(choosePrecision(asked, undefined, sapphireRapids, {})).toMatchObject({
    dtype: "float32",
    reason: "compute_dtype",
  });
  const changed = choosePrecision(asked, "bfloat16", sapphireRapids, {});
  expect(changed.dtype).toBe("float32");
  expect(changed.line).toContain("before this checkpoint, in bfloat16");
});

test("a resumed run keeps its type, and says so where the machine has a faster one", () => {
  const same = choosePrecision(bf16, "bfloat16", sapphireRapids, {});
  expect(same).toEqual({ dtype: "bfloat16", reason: "as before the checkpoint" });
  const moved = choosePrecision(bf16, "bfloat16", intel(), {});
  expect(moved.dtype).toBe("bfloat16");
  expect(moved.line).toContain("--compute_dtype float32 is faster here");
});
