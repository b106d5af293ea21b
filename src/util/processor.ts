/** Which processor this is, as far as it decides how fast products of matrices are. */
import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";

export interface Processor {
  /** As the operating system names it. */
  model: string;
  /** `GenuineIntel`, `AuthenticAMD`, …; empty where Linux does not tell. */
  vendor: string;
  /** Instruction sets that matter, of those that the processor has. */
  instructions: readonly string[];
}

/** As Linux names them in /proc/cpuinfo (x86: flags, Arm: Features). */
const instructionSets = [
  "avx2",
  "avx512f",
  "avx512_vnni",
  "avx512_bf16",
  "avx512_fp16",
  "amx_tile",
  "amx_bf16",
  "amx_int8",
  "asimd",
  "asimdhp",
  "bf16",
  "i8mm",
  "sve",
  "sve2",
];

/** The known instruction sets that the text of /proc/cpuinfo names. */
export function instructionSetsOf(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? "";
  const flags = new Set(line.trim().split(/\s+/));
  return instructionSets.filter((name) => flags.has(name));
}

/** Reads the processor of this machine. Outside Linux only the model is known. */
export function readProcessor(): Processor {
  const text = readCpuinfo();
  return {
    model: cpus()[0]?.model.trim() || arch(),
    vendor: /^vendor_id\s*:\s*(\S+)/m.exec(text)?.[1] ?? "",
    instructions: instructionSetsOf(text),
  };
}

function readCpuinfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
