/** `tunewright doctor`: what this machine has, how fast it is, what is missing and how to install it. */
import { existsSync } from "node:fs";
import type { ProductPrecision } from "../train/index.js";
import { builtinModelPath } from "../util/builtin-model.js";
import { EnvironmentError, TunewrightError } from "../util/errors.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import type { GemmRate } from "./gemm.js";
import {
  fileSize,
  type Gpu,
  type Machine,
  type Runtime,
  readGpus,
  readMachine,
  readRuntime,
  readSoftware,
  type Software,
} from "./machine.js";
import { stdout } from "./output.js";

/** Something that is not as it should be. */
export interface Finding {
  what: string;
  todo: string;
  /** Whether Tunewright cannot work with it; else it works, but less well. */
  blocking: boolean;
}

/** All that `doctor` says; printed as it is with `--json`. */
export interface Diagnosis {
  ok: boolean;
  machine: Machine;
  gpus: Gpu[];
  software: Software;
  /** What libtorch can compute on, `cpu` first; empty where the engine does not load. */
  devices: string[];
  /** libtorch's own view of the processor. */
  engine: { cpu: string; mkldnn: boolean; threads: number } | null;
  /** What a run with bfloat16 weights computes its products in on the CPU, and why. */
  products: Pick<ProductPrecision, "dtype" | "reason"> | null;
  gemm: GemmRate[];
  builtinModel: { path: string; bytes: number | null };
  findings: Finding[];
}

const GIGABYTE = 1e9;

/** Compares what is there with what Tunewright needs. */
export function findProblems(
  machine: Machine,
  gpus: readonly Gpu[],
  software: Software,
  runtime: Runtime | null,
  modelBytes: number | null,
): Finding[] {
  const findings: Finding[] = [];
  const add = (blocking: boolean, what: string, todo: string) =>
    findings.push({ what, todo, blocking });
  if (!runtime) add(true, "set-up has not run in this checkout", "run `./tunewright setup`");
  if (runtime && !existsSync(runtime.addon || "missing")) {
    add(true, "the addon is not compiled", "run `./tunewright setup`");
  }
  if (modelBytes === null) {
    add(false, "the built-in model is missing", "run `./tunewright setup`");
  }
  // A bundle brought what is compiled elsewhere.
  const compiles = runtime === null || runtime.python !== null;
  if (compiles && !software.compiler) {
    add(!runtime, "no C++20 compiler", "install one, e.g. `apt-get install -y g++`");
  }
  if (compiles && !software.cmake) {
    add(!runtime, "no CMake", "install it, e.g. `apt-get install -y cmake`");
  }
  if (gpus.length > 0 && software.torch && !software.cuda) {
    const todo =
      "point TUNEWRIGHT_PYTHON at a Python with torch for CUDA, or remove .venv and run `./tunewright setup`";
    add(false, "this machine has an NVIDIA GPU, but torch is a CPU build", todo);
  }
  if (machine.diskFreeBytes < 5 * GIGABYTE) {
    add(
      false,
      "less than 5 GB of disk space are free",
      "free some space before training: checkpoints need it",
    );
  }
  if (machine.memoryAvailableBytes < 4 * GIGABYTE) {
    add(
      false,
      "less than 4 GB of memory are free",
      "close other programs, or train a smaller model",
    );
  }
  const x86 = machine.system.endsWith("x64");
  if (x86 && !machine.instructionSets.includes("avx2")) {
    add(false, "this processor has no AVX2", "expect training on the CPU to be very slow");
  }
  return findings;
}

/** Where measured rates contradict the rule that number types are chosen by. */
export function findSlowProducts(chosen: string, rates: readonly GemmRate[]): Finding[] {
  const other = chosen === "bfloat16" ? "float32" : "bfloat16";
  const rateOf = (dtype: string) =>
    rates.find((rate) => rate.device === "cpu" && rate.dtype === dtype)?.gflops ?? 0;
  // Less may be another program's doing.
  if (rateOf(other) <= 1.5 * rateOf(chosen)) return [];
  return [
    {
      what: `this CPU multiplies ${other} faster than ${chosen}, which runs in bf16 use for their products`,
      todo: `train with --compute_dtype ${other}, and please report this with the output of ./tunewright doctor`,
      blocking: false,
    },
  ];
}

/** Looks at the machine and, unless told not to, measures it. */
export async function diagnose(measure: boolean): Promise<Diagnosis> {
  const machine = readMachine();
  const gpus = readGpus();
  const runtime = readRuntime();
  const software = readSoftware(runtime);
  const model = { path: builtinModelPath(), bytes: fileSize(builtinModelPath()) };
  const findings = findProblems(machine, gpus, software, runtime, model.bytes);
  const diagnosis: Diagnosis = {
    ok: true,
    machine,
    gpus,
    software,
    devices: [],
    engine: null,
    products: null,
    gemm: [],
    builtinModel: model,
    findings,
  };
  try {
    const engine = await import("../tensor/index.js");
    const { cpu, mkldnn } = engine.capabilities();
    diagnosis.devices = [...engine.devices()];
    diagnosis.engine = { cpu, mkldnn, threads: engine.threads() };
    const { choosePrecision } = await import("../train/index.js");
    const bf16 = { device: "cpu", computeDtype: "bfloat16", compute_dtype: "auto" } as const;
    const { dtype, reason } = choosePrecision(bf16);
    diagnosis.products = { dtype, reason };
    if (measure) diagnosis.gemm = await (await import("./gemm.js")).measureGemm();
    findings.push(...findSlowProducts(dtype, diagnosis.gemm));
  } catch (error) {
    const known = error instanceof TunewrightError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    findings.push({
      what: `the engine does not work: ${known?.why ?? message}`,
      todo: known?.todo ?? "run `./tunewright setup`; `--debug` shows the stack",
      blocking: true,
    });
  }
  diagnosis.ok = !findings.some((finding) => finding.blocking);
  return diagnosis;
}

function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}

/** The diagnosis as lines for a person. */
export function formatDiagnosis(diagnosis: Diagnosis): string[] {
  const { machine, software } = diagnosis;
  const row = (name: string, value: string | null) => `  ${name.padEnd(16)}${value ?? "missing"}`;
  const sets = machine.instructionSets.join(", ") || "none that matter";
  const torch = software.torch && `${software.torch}${software.cuda ? "" : " (CPU build)"}`;
  const lines = [
    "Machine",
    row("system", machine.system),
    row("processor", `${machine.cpu}, ${machine.cores} usable cores`),
    row("instructions", sets),
    row(
      "memory",
      `${gigabytes(machine.memoryBytes)}, ${gigabytes(machine.memoryAvailableBytes)} available`,
    ),
    row("disk", `${gigabytes(machine.diskFreeBytes)} free`),
    ...diagnosis.gpus.map((gpu) =>
      row("GPU", `${gpu.name}, ${gigabytes(gpu.memoryBytes)}, driver ${gpu.driver}`),
    ),
    "Software",
    row("tunewright", software.tunewright),
    row("node", software.node),
    row("npm", software.npm),
    row("python", software.python),
    row("compiler", software.compiler),
    row("cmake", software.cmake),
    row("torch", torch),
    ...(software.cuda ? [row("CUDA", software.cuda)] : []),
    row("bitsandbytes", software.bitsandbytes),
    row(
      "built-in model",
      diagnosis.builtinModel.bytes === null ? null : diagnosis.builtinModel.path,
    ),
  ];
  if (diagnosis.engine) {
    const { cpu, threads } = diagnosis.engine;
    lines.push("Engine", row("devices", diagnosis.devices.join(", ")));
    lines.push(row("kernels", `${cpu}, ${threads} threads`));
    const { products } = diagnosis;
    if (products) lines.push(row("bf16 products", `${products.dtype}: ${products.reason}`));
  }
  if (diagnosis.gemm.length > 0) lines.push("Matrix products");
  for (const { device, dtype, size, gflops } of diagnosis.gemm) {
    const rate =
      gflops >= 10_000
        ? `${(gflops / 1000).toFixed(0)} TFLOP/s`
        : `${gflops < 10 ? gflops.toPrecision(2) : gflops.toFixed(0)} GFLOP/s`;
    lines.push(row(`${device} ${dtype}`, `${rate} (${size} x ${size})`));
  }
  lines.push(diagnosis.findings.length === 0 ? "Nothing is missing." : "Problems");
  for (const finding of diagnosis.findings) {
    lines.push(`  ${finding.blocking ? "error" : "note"}: ${finding.what}`);
    lines.push(`    to do: ${finding.todo}`);
  }
  return lines;
}

export const doctorCommand: CommandModule = {
  name: "doctor",
  summary: "show what this machine has, how fast it is and what is missing",
  register(command) {
    command.option("--json", "print one JSON object on stdout");
    command.option("--no-measure", "do not measure the speed of matrix products");
    addExamples(command, "tunewright doctor", "tunewright doctor --json > machine.json");
    command.action(async (options: { json?: boolean; measure: boolean }) => {
      const diagnosis = await diagnose(options.measure);
      if (options.json) printJson(diagnosis);
      else stdout.write(`${formatDiagnosis(diagnosis).join("\n")}\n`);
      if (!diagnosis.ok) {
        throw new EnvironmentError("Tunewright does not work on this machine yet", {
          todo: "see the problems listed above",
        });
      }
    });
  },
};
