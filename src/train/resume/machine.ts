/** What the last digits of a run's numbers depend on, besides its configuration and its data. */
import {
  capabilities,
  type Device,
  deviceProperties,
  threads,
  torchVersion,
} from "../../tensor/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { readProcessor } from "../../util/processor.js";
import { type Differences, noDifferences } from "./differences.js";
import type { RunRecord } from "./record.js";

type Machine = RunRecord["machine"];

/** @param device that the run trains on */
export function thisMachine(device: Device): Machine {
  // libtorch's own kernels go by its capability, the libraries that it calls by the instructions.
  const instructions = () => [capabilities().cpu, ...readProcessor().instructions].join(" ");
  const name = device === "cpu" ? instructions() : deviceProperties(device)?.name;
  return {
    tunewright: packageVersion(),
    libtorch: torchVersion(),
    device: device === "cpu" ? "cpu" : "cuda",
    processor: name ?? "unknown",
    threads: threads(),
  };
}

const names: Record<keyof Machine, string> = {
  tunewright: "Tunewright",
  libtorch: "libtorch",
  device: "the device",
  processor: "the processor",
  threads: "the number of threads",
};

/** Sums in another order, or by other instructions, are rounded differently; nothing more. */
export function compareMachines(before: Machine, now: Machine): Differences {
  const found = noDifferences();
  const keys = Object.keys(names) as (keyof Machine)[];
  const changed = keys.filter((key) => before[key] !== now[key]);
  // On a GPU, the threads of the host compute nothing.
  const counted = changed.filter((key) => key !== "threads" || now.device === "cpu");
  if (counted.length === 0) return found;
  const what = counted.map((key) => `${names[key]} was ${before[key]} and is now ${now[key]}`);
  const same = counted.includes("threads")
    ? ` OMP_NUM_THREADS=${before.threads} keeps the number of threads.`
    : "";
  found.lines.push(`Not exact: ${what.join(", ")}; losses may differ in their last digits.${same}`);
  return found;
}
