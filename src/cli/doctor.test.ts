import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findProblems, findSlowProducts, formatDiagnosis } from "./doctor.js";
import { measureGemm } from "./gemm.js";
import type { Machine, Software } from "./machine.js";

const machine: Machine = {
  system: "Linux 6.1 x64",
  cpu: "Some CPU",
  cores: 2,
  instructionSets: ["avx2"],
  memoryBytes: 24e9,
  memoryAvailableBytes: 20e9,
  diskFreeBytes: 80e9,
};

const software: Software = {
  tunewright: "0.1.0",
  node: "20.20.2",
  npm: "11.0.0",
  python: "3.11.7",
  compiler: "g++ 12",
  cmake: "3.25.1",
  torch: "2.13.0+cpu",
  cuda: null,
  bitsandbytes: "0.50.2",
};

const runtime = { addon: fileURLToPath(import.meta.url), torchVersion: "2.13.0+cpu" };
const gpu = { name: "NVIDIA H200", memoryBytes: 150e9, driver: "580.1" };

describe("doctor", () => {
  test("finds nothing on a machine that has everything", () => {
    expect(findProblems(machine, [], software, runtime, 1)).toEqual([]);
  });

  test("names a missing set-up and addon as blocking, a missing model as not", () => {
    const before = findProblems(machine, [], software, null, null);
    expect(before.map(({ what, blocking }) => [what, blocking])).toEqual([
      ["set-up has not run in this checkout", true],
      ["the built-in model is missing", false],
    ]);
    const broken = findProblems(machine, [], software, { addon: "/missing" }, 1);
    expect(broken[0]).toMatchObject({ what: "the addon is not compiled", blocking: true });
  });

  test("notes a GPU that a CPU build of torch leaves idle", () => {
    const [finding] = findProblems(machine, [gpu], software, runtime, 1);
    expect(finding?.what).toContain("torch is a CPU build");
    const cuda = { ...software, torch: "2.13.0", cuda: "13.0" };
    expect(findProblems(machine, [gpu], cuda, runtime, 1)).toEqual([]);
  });

  test("notes little disk and memory and a processor without AVX2", () => {
    const small = {
      ...machine,
      diskFreeBytes: 1e9,
      memoryAvailableBytes: 1e9,
      instructionSets: [],
    };
    const found = findProblems(small, [], software, runtime, 1);
    expect(found).toHaveLength(3);
    expect(found.every(({ blocking }) => !blocking)).toBe(true);
  });

  test("prints rates, missing programs and what to do about findings", () => {
    const lines = formatDiagnosis({
      ok: false,
      machine,
      gpus: [gpu],
      software: { ...software, compiler: null },
      devices: ["cpu", "cuda:0"],
      engine: { cpu: "AVX2", mkldnn: true, threads: 2 },
      products: { dtype: "float32", reason: "no bfloat16 instructions" },
      gemm: [
        { device: "cpu", dtype: "bfloat16", size: 1024, gflops: 381.4 },
        { device: "cpu", dtype: "float16", size: 256, gflops: 0.314 },
        { device: "cuda:0", dtype: "bfloat16", size: 8192, gflops: 790_000 },
      ],
      builtinModel: { path: "model.gguf", bytes: 1 },
      findings: [{ what: "no C++20 compiler", todo: "install one", blocking: false }],
    }).join("\n");
    expect(lines).toMatch(/compiler +missing/);
    expect(lines).toMatch(/bf16 products +float32: no bfloat16 instructions/);
    expect(lines).toMatch(/cpu bfloat16 +381 GFLOP\/s/);
    expect(lines).toContain("0.31 GFLOP/s (256 x 256)");
    expect(lines).toMatch(/cuda:0 bfloat16 +790 TFLOP\/s/);
    expect(lines).toMatch(/GPU +NVIDIA H200, 150\.0 GB, driver 580\.1/);
    expect(lines).toContain("note: no C++20 compiler\n    to do: install one");
  });
});

test.each([
  ["bfloat16", 100, 90, 0],
  ["bfloat16", 100, 40, 0],
  ["bfloat16", 60, 100, 1],
  ["float32", 80, 100, 0],
  ["float32", 300, 100, 1],
] as const)("products in %s at %d against %d GFLOP/s: %d notes", (chosen, bf16, fp32, count) => {
  const rate = (dtype: string, gflops: number) => ({ device: "cpu", dtype, size: 512, gflops });
  const rates = [rate("bfloat16", bf16), rate("float32", fp32)];
  expect(findSlowProducts(chosen, rates)).toHaveLength(count);
  expect(findSlowProducts(chosen, [])).toEqual([]);
});

test("measures each type in moments, also one that the processor has no instructions for", async () => {
  const rates = await measureGemm();
  expect(rates.slice(0, 3).map(({ dtype }) => dtype)).toEqual(["float32", "bfloat16", "float16"]);
  for (const { device, dtype, size, gflops } of rates) {
    const seconds = (2 * size ** 3) / (gflops * 1e9);
    expect(seconds, `${device} ${dtype}`).toBeLessThan(0.6);
    expect(gflops).toBeGreaterThan(0);
  }
}, 60_000);
