/** Options that say which model answers, and how it is loaded. */
import type { Command } from "commander";
import { adapterForm, collectAdapters } from "./adapterOption.js";

/** What `--model` takes. */
export const modelPlaces =
  "model directory, .gguf file, OWNER/NAME on the hub, builtin:smollm2-135m, or run directory of an adapter";

export function addAdapterOption(command: Command): void {
  command.option(
    adapterForm,
    "directory or OWNER/NAME of a LoRA adapter, on top of the model; can be given several times",
    collectAdapters,
  );
}

export function addDeviceOptions(command: Command): void {
  command.option(
    "--dtype <type>",
    "float32, bfloat16 or float16 (default: that of the model files)",
  );
  command.option("--device <device>", "cpu or cuda (default: cuda if there is a GPU)");
}
