// Tests that compare numbers are run once more with each instruction set that libtorch has kernels
// for and this processor has: sums run in another order there, and products are fused or not, which
// changes the last bits. oneDNN and MKL choose for themselves and are held back with it.
import fs from "node:fs";

const sets = [
  {
    name: "default",
    flags: [],
    environment: { ONEDNN_MAX_CPU_ISA: "SSE41", MKL_ENABLE_INSTRUCTIONS: "SSE4_2" },
  },
  {
    name: "avx2",
    flags: ["avx2", "fma"],
    environment: { ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" },
  },
  { name: "avx512", flags: ["avx512f", "avx512bw", "avx512dq", "avx512vl"], environment: {} },
];

/** What is run again: small models and single layers; the built-in model would take minutes. */
export const numericTests = [
  ...[
    "families",
    "generation-greedy",
    "lora",
    "model",
    "nf4",
    "norm",
    "optimizer",
    "stored-weights",
    "training",
  ].map((topic) => `test/parity/${topic}.test.ts`),
  "src/nn/",
];

function processorFlags() {
  try {
    const line = /^flags\s*:(.*)$/m.exec(fs.readFileSync("/proc/cpuinfo", "utf8"));
    return new Set(line?.[1].trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

/**
 * The instruction sets that libtorch does not choose here by itself.
 * @returns {{ name: string, present: boolean, environment: Record<string, string> }[]}
 */
export function otherInstructionSets() {
  const flags = processorFlags();
  const known = sets.map((set) => ({
    name: set.name,
    present: set.flags.every((flag) => flags.has(flag)),
    environment: { ...set.environment, ATEN_CPU_CAPABILITY: set.name },
  }));
  const own =
    process.env.ATEN_CPU_CAPABILITY || known.findLast(({ present }) => present)?.name || "default";
  return known.filter(({ name }) => name !== own);
}
