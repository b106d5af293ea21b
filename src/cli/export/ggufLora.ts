/** Exports adapters alone as a GGUF file, for llama.cpp to put beside a GGUF file of their model. */
import { basename } from "node:path";
import { planGgufLora } from "../../lora/index.js";
import { ConfigError } from "../../util/errors.js";
import { showBytes } from "../../util/showBytes.js";
import { showAdapter } from "../adapterOption.js";
import { chooseOutFile, writeOutFile } from "../modelOut/outFile.js";
import type { ExportFlags, WriteForm } from "./writeForm.js";

export const exportGgufLora: WriteForm = async (place, flags, say) => {
  refuseModelOptions(flags);
  const { path: model, adapters, weights } = place;
  if (adapters.length === 0) {
    throw new ConfigError(`${place.name} has no adapter`, {
      why: "--to gguf-lora writes adapters alone",
      todo: "give one: --adapter DIR, or the directory of its run as --model",
    });
  }
  const out = chooseOutFile(flags.out, flags.force, ".gguf", [model, ...adapters]);
  for (const [i, adapter] of adapters.entries()) say(showAdapter(adapter, weights[i]!));
  if (adapters.length > 1) say("They become one adapter, whose rank is the sum of theirs.");
  const name = basename(adapters.at(-1)!);
  const { bytes, modules, write } = planGgufLora(model, adapters, weights, name);
  await writeOutFile(out, bytes, write);
  return {
    out: out.path,
    lines: [
      `${out.path}: an adapter of ${modules} layers, ${showBytes(bytes)}`,
      "It belongs on a GGUF file of its model: llama-cli -m MODEL.gguf --lora ADAPTER.gguf",
    ],
    json: { model, adapters, adapter_weights: weights, layers: modules, bytes },
  };
};

/** Options that say how a model is written. */
function refuseModelOptions({ dtype, as, type, results, maxShardSize }: ExportFlags): void {
  const options = {
    "--dtype": dtype,
    "--as": as,
    "--type": type,
    "--results": results,
    "--max-shard-size": maxShardSize,
  };
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (!given) return;
  throw new ConfigError(`${given} is for models`, {
    why: "an adapter is written in F32",
    todo: "leave it out",
  });
}
