/** Facts about this machine for `tunewright doctor`: processor, memory, disk, installed programs. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { arch, availableParallelism, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { packageRoot, packageVersion } from "../util/packageRoot.js";
import { readProcessor } from "../util/processor.js";

/** Processor, memory and disk. */
export interface Machine {
  system: string;
  cpu: string;
  /** Processors that this process may use. */
  cores: number;
  /** Instruction sets that decide how fast training is, of those that this processor has. */
  instructionSets: readonly string[];
  memoryBytes: number;
  memoryAvailableBytes: number;
  /** Room on the disk of the checkout. */
  diskFreeBytes: number;
}

/** Versions of what Tunewright stands on; `null` where it is missing. */
export interface Software {
  tunewright: string;
  node: string;
  npm: string | null;
  python: string | null;
  compiler: string | null;
  cmake: string | null;
  torch: string | null;
  cuda: string | null;
  bitsandbytes: string | null;
}

/** What set-up has written down in `.tunewright/runtime.json`. */
export interface Runtime {
  /** `null` where torch came out of a bundle: no Python belongs to it. */
  python?: string | null;
  pythonVersion?: string | null;
  torchVersion?: string;
  torchLib?: string;
  torchCxx11Abi?: boolean;
  cudaVersion?: string | null;
  bitsandbytesVersion?: string;
  bitsandbytesLibDir?: string;
  addon?: string;
}

/** One NVIDIA GPU as the driver names it. */
export interface Gpu {
  name: string;
  memoryBytes: number;
  driver: string;
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** First line that a program prints, or `null` where it is missing or fails. */
function firstLine(command: string, args: string[]): string | null {
  try {
    const stdio: ("ignore" | "pipe")[] = ["ignore", "pipe", "ignore"];
    const output = execFileSync(command, args, { encoding: "utf8", stdio, timeout: 20_000 });
    return output.split("\n")[0]?.trim() ?? null;
  } catch {
    return null;
  }
}

/** Looks at processor, memory and disk. A container's memory limit counts as the memory. */
export function readMachine(): Machine {
  const available = /^MemAvailable:\s*(\d+) kB/m.exec(readText("/proc/meminfo"))?.[1];
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  const disk = statfsSync(packageRoot());
  const processor = readProcessor();
  return {
    system: `${type()} ${release()} ${arch()}`,
    cpu: processor.model,
    cores: availableParallelism(),
    instructionSets: processor.instructions,
    memoryBytes,
    memoryAvailableBytes: Math.min(memoryBytes, Number(available ?? 0) * 1024),
    diskFreeBytes: disk.bavail * disk.bsize,
  };
}

/** What set-up wrote down, or `null` before the first set-up. */
export function readRuntime(): Runtime | null {
  const text = readText(join(packageRoot(), ".tunewright/runtime.json"));
  return text ? (JSON.parse(text) as Runtime) : null;
}

/** Asks the installed programs for their versions. */
export function readSoftware(runtime: Runtime | null): Software {
  const compilers = [process.env.CXX, "g++", "clang++", "c++"].filter((name) => name !== undefined);
  return {
    tunewright: packageVersion(),
    node: process.versions.node,
    npm: firstLine("npm", ["--version"]),
    python: runtime?.pythonVersion ?? firstLine("python3", ["--version"])?.split(" ")[1] ?? null,
    compiler: compilers.map((name) => firstLine(name, ["--version"])).find(Boolean) ?? null,
    cmake: firstLine("cmake", ["--version"])?.replace("cmake version ", "") ?? null,
    torch: runtime?.torchVersion ?? null,
    cuda: runtime?.cudaVersion ?? null,
    bitsandbytes: runtime?.bitsandbytesVersion ?? null,
  };
}

/** The NVIDIA GPUs that the driver shows; none where there is no driver. */
export function readGpus(): Gpu[] {
  try {
    const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"];
    const stdio: ("ignore" | "pipe")[] = ["ignore", "pipe", "ignore"];
    const output = execFileSync("nvidia-smi", query, { encoding: "utf8", stdio, timeout: 20_000 });
    return output
      .trim()
      .split("\n")
      .map((line) => {
        const [name = "", mebibytes = "0", driver = ""] = line
          .split(",")
          .map((part) => part.trim());
        return { name, memoryBytes: Number(mebibytes) * 1024 * 1024, driver };
      });
  } catch {
    return [];
  }
}

/** Size of a file in bytes, or `null` where it does not exist. */
export function fileSize(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null;
}
