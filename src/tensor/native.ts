/**
 * The addon, and the only file that loads it. Set-up leaves `.tunewright/runtime.json`, which names
 * the compiled addon and the libraries that it needs.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  ArgumentError,
  EnvironmentError,
  NativeError,
  OutOfMemoryError,
  UseAfterFreeError,
} from "../util/errors.js";
import { describeValue } from "./describe.js";
import { otherLibraries } from "./otherLibraries.js";
import { requestedThreads } from "./threadCount.js";

/** What `findOperator` gives: a small integer. */
export type OperatorId = number;

/** One argument or result in an operator's schema. */
export interface SchemaArgument {
  name: string;
  type: string;
  keywordOnly: boolean;
  written: boolean;
  default?: string;
}

/** Memory of this thread's tensors and of the accelerator's allocator, in bytes. */
export interface MemoryStatistics {
  liveTensors: number;
  tensorBytes: number;
  deviceBytes: number;
  peakDeviceBytes: number;
  peakReservedDeviceBytes: number;
}

/** Main memory of this process and of its tensors, in bytes. */
export interface HostMemory {
  /** What the process has in memory. */
  residentBytes: number;
  /** What all tensors in main memory take, of all threads, and the most since the peak was reset. */
  liveBytes: number;
  peakBytes: number;
  /** Freed, and still the process's for what it allocates next. */
  freedBytes: number;
}

/** What all tensors of the `meta` device would take, in bytes. */
export interface MetaMemory {
  liveBytes: number;
  /** The most since the peak was reset. */
  peakBytes: number;
}

/** What a CUDA device is. */
export interface DeviceProperties {
  name: string;
  /** Compute capability, `major.minor`. */
  major: number;
  minor: number;
  multiprocessors: number;
  totalBytes: number;
  /** Of all processes, at this moment. */
  freeBytes: number;
}

/** An operator that ran inside libtorch. */
export interface ObservedOperator {
  /** With its namespace, such as `aten::mm`. */
  name: string;
  calls: number;
  /** Its own time, without the operators that it called; 0 where they were only counted. */
  seconds: number;
}

/** The addon's functions. Tensors and generators cross the border as numeric handles. */
export interface NativeAddon {
  setErrorFactory(
    factory: (
      kind: string,
      operator: string,
      argument: string,
      text: string,
      got: unknown,
    ) => Error,
  ): void;
  findOperator(name: string, overload: string): OperatorId;
  operatorSchema(operator: OperatorId): { arguments: SchemaArgument[]; returns: SchemaArgument[] };
  call(operator: OperatorId, ...values: unknown[]): unknown;
  fromBytes(
    bytes: ArrayBufferView | ArrayBuffer,
    shape: readonly number[],
    dtype: string,
    pinned?: boolean,
  ): number;
  bytes(tensor: number): ArrayBuffer;
  releaseBytes(buffer: ArrayBuffer): boolean;
  describe(tensor: number): { shape: number[]; dtype: string; device: string };
  item(tensor: number): number;
  share(tensor: number): number;
  release(tensor: number): boolean;
  liveTensors(): number;
  attachBackward(
    inputs: number[],
    outputs: number[],
    backward: (gradients: (number | null)[]) => (number | null)[],
  ): (number | null)[];
  grad(
    outputs: number[],
    inputs: number[],
    gradOutputs: number[] | undefined,
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
    onOtherThread: boolean,
  ): (number | null)[];
  setRequiresGrad(tensor: number, requiresGrad: boolean): void;
  requiresGrad(tensor: number): boolean;
  setGradMode(enabled: boolean): boolean;
  setThreads(count: number): void;
  threads(): number;
  manualSeed(seed: number): void;
  makeGenerator(device: string, seed: number): number;
  generatorState(generator: number): number;
  setGeneratorState(generator: number, state: number): void;
  releaseGenerator(generator: number): boolean;
  loadLibrary(path: string): void;
  devices(): string[];
  currentDevice(): string;
  setDevice(device: string): void;
  synchronize(device?: string): void;
  currentStream(device: string): number;
  newStream(device: string): number;
  setStream(device: string, stream: number): void;
  waitForStream(device: string, stream: number): void;
  copyToHost(tensor: number): [host: number, event: number | null];
  eventReady(event: number): boolean;
  eventWait(event: number): void;
  eventRelease(event: number): boolean;
  memory(): MemoryStatistics;
  resetPeakMemory(): void;
  emptyCache(): void;
  deviceProperties(device: string): DeviceProperties | null;
  limitHostMemory(bytes: number): void;
  hostMemory(): HostMemory;
  resetHostPeak(): void;
  metaMemory(): MetaMemory;
  resetMetaPeak(): void;
  refuseAllocations(first: number, count: number): number;
  observeOperators(mode: string): void;
  observedOperators(): ObservedOperator[];
  cudaCounters(): Record<string, number> | null;
  trim(): void;
  capabilities(): { cpu: string; mkldnn: boolean; parallel: string };
  bnbLoad(path: string): void;
  bnbQuantizeBlockwise(
    code: number,
    values: number,
    absmax: number,
    out: number,
    blockSize: number,
  ): void;
  bnbDequantizeBlockwise(
    code: number,
    quantized: number,
    absmax: number,
    out: number,
    blockSize: number,
  ): void;
  bnbDequantizeNf4(packed: number, absmax: number, out: number, blockSize: number): void;
  bnbLinearNf4(
    x: number,
    packed: number,
    codes: number,
    nestedAbsmax: number,
    nestedCode: number,
    offset: number,
    out: number,
    bias: number | null,
    blockSize: number,
  ): void;
  bnbPrefetch(paged: number): void;
  bnbPagedBytes(bytes: number, deviceIndex: number): number;
}

/** What set-up found and built. */
interface Runtime {
  addon: string;
  torchVersion: string;
  torchLib: string;
  bitsandbytesCpuLib: string | null;
  bitsandbytesCudaLib: string | null;
  cuda?: boolean;
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

function readRuntime(): Runtime {
  const file = path.join(root, ".tunewright/runtime.json");
  if (!existsSync(file)) {
    throw new EnvironmentError("Tunewright is not set up on this machine", {
      why: `there is no ${path.relative(process.cwd(), file) || file}`,
      todo: "run ./tunewright setup",
    });
  }
  return JSON.parse(readFileSync(file, "utf8")) as Runtime;
}

function loadAddon(): { addon: NativeAddon; runtime: Runtime } {
  const runtime = readRuntime();
  const file = path.resolve(root, runtime.addon);
  // A thread that waits for work spins only briefly before it sleeps. libgomp's default of spinning
  // on makes a step many times slower beside any other program that uses a core: of counts of 0,
  // 1000, 4000 and 20000, products of one row ran at 147, 105, 63 and 11 a second beside a
  // program that kept a core busy, and at 461, 520, 524 and no more on a quiet machine; of 580 rows
  // at 0.6, 0.7, 0.6 and 0.5, and at 6.9, 7.9, 7.4 and no more. libgomp reads this when it is loaded.
  if (!process.env.OMP_WAIT_POLICY) process.env.GOMP_SPINCOUNT ??= "1000";
  requestedThreads(process.env);
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(file) as NativeAddon;
  } catch (cause) {
    const other = otherLibraries(process.env, runtime.torchLib);
    throw new EnvironmentError("the native addon cannot be loaded", {
      why:
        other ??
        `${file}: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}`,
      todo: other
        ? "unset that variable for Tunewright (env -u NAME ./tunewright …), or leave torch out of it"
        : "run ./tunewright setup (it builds the addon again where libtorch has moved or changed)",
      cause,
    });
  }
  addon.setErrorFactory((kind, operator, argument, text, got) => {
    const name = operator.replace(/^aten::/, "");
    if (kind === "argument") return new ArgumentError(name, argument, text, describeValue(got));
    if (kind === "freed") {
      return new UseAfterFreeError(`${name}: \`${argument}\` is a tensor that was disposed`, {
        todo: "return it from the enclosing tidy(), or keep() it",
      });
    }
    if (kind === "memory") return new OutOfMemoryError(name, `out of memory in ${name}: ${text}`);
    return new NativeError(name, `${name}: ${text}`);
  });
  if (runtime.cuda) addon.loadLibrary(path.join(runtime.torchLib, "libtorch_cuda.so"));
  return { addon, runtime };
}

const loaded = loadAddon();

/** The addon's functions. */
export const native: NativeAddon = loaded.addon;

/** The version of libtorch that set-up found. */
export const { torchVersion } = loaded.runtime;

let bitsandbytesLoaded = false;

/**
 * The addon with bitsandbytes' library opened.
 *
 * @throws EnvironmentError where the library is missing.
 */
export function nativeWithBitsandbytes(): NativeAddon {
  if (!bitsandbytesLoaded) {
    const { bitsandbytesCpuLib, bitsandbytesCudaLib } = loaded.runtime;
    const library = native.devices().length > 1 ? bitsandbytesCudaLib : bitsandbytesCpuLib;
    if (!library) {
      throw new EnvironmentError("4-bit quantization needs the library of bitsandbytes", {
        why: "set-up found none for this device",
        todo: "run ./tunewright setup",
      });
    }
    native.bnbLoad(library);
    bitsandbytesLoaded = true;
  }
  return native;
}
