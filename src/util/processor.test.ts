import { cpus } from "node:os";
import { expect, test } from "vitest";
import { instructionSetsOf, readProcessor } from "./processor.js";

test("reads instruction sets of x86 and Arm", () => {
  const x86 = "processor: 0\nflags\t\t: fpu sse avx2 avx512f avx512_bf16 amx_tile amx_bf16\n";
  expect(instructionSetsOf(x86)).toEqual([
    "avx2",
    "avx512f",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
  ]);
  expect(instructionSetsOf("Features\t: fp asimd i8mm bf16 sve\n")).toEqual([
    "asimd",
    "bf16",
    "i8mm",
    "sve",
  ]);
  expect(instructionSetsOf("")).toEqual([]);
});

test("names this machine's processor", () => {
  const { model, instructions } = readProcessor();
  expect(model).toBe(cpus()[0]!.model.trim());
  if (process.platform === "linux") expect(instructions).not.toEqual([]);
});
