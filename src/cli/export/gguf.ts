/** Exports a model as one GGUF file, for llama.cpp and the programs that are built on it. */
import { basename } from "node:path";
import { mergedWeights } from "../../lora/index.js";
import { planGguf } from "../../models/index.js";
import { ggufVocabulary } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import { compareWritten, rowsToCompare } from "../modelOut/compare.js";
import { chooseOutFile, writeOutFile } from "../modelOut/outFile.js";
import { describeModel } from "../modelOut/report.js";
import { type ModelText, openModelText } from "../modelOut/textFiles.js";
import { mergeNotes } from "../modelOut/writeModel.js";
import type { ExportFlags, WriteForm } from "./writeForm.js";

/** How many tensors are written between two lines about it. */
const STEP = 100;

export const exportGguf: WriteForm = async (place, flags, say) => {
  refuseFolderOptions(flags);
  const { path: model, adapters, weights: adapterWeights } = place;
  const out = chooseOutFile(flags.out, flags.force, ".gguf", [model, ...adapters]);
  const text = await openModelText(place);
  const type = flags.type ?? "F16";
  // Sums with adapters are rounded once, to the type of the file.
  const dtype = adapters.length > 0 ? "float32" : undefined;
  const merged = mergedWeights(model, adapters, {
    dequantizes: true,
    dtype,
    weights: adapterWeights,
  });
  const { config, entries: weights } = merged;
  let bytes: number;
  let tensors: number;
  try {
    for (const note of mergeNotes(place, { ...merged, dequantized: null })) say(note);
    if (merged.dequantized) {
      const { names, forms } = merged.dequantized;
      say(
        `${names.length} weights are stored as ${forms.join(", ")}, which have lost precision already: their values are written as ${type}.`,
      );
    }
    const vocabulary = await describeText(text, config.vocab_size, say);
    const name = basename(place.name);
    const plan = planGguf({ config, weights, fields: vocabulary, name, type });
    for (const note of plan.notes) say(note);
    ({ bytes, tensors } = plan);
    await writeOutFile(out, bytes, (file) =>
      plan.write(file, (done) => {
        if (done % STEP === 0) say(`${done} of ${tensors} tensors are written`);
      }),
    );
  } finally {
    merged.close();
  }
  const rows = flags.compare ? await rowsToCompare(text, config.vocab_size) : null;
  if (rows) say("comparing logits …");
  const comparison = rows && compareWritten(place, out.path, rows);
  const written = { model, adapters, adapter_weights: adapterWeights, out: out.path };
  const { out: path, ...json } = { ...written, weights: tensors, bytes, comparison };
  return {
    out: path,
    lines: describeModel({ out: path, ...json, files: [] }),
    json: { type, ...json },
  };
};

/** Options that say how a folder is written. */
function refuseFolderOptions({ dtype, as, results, maxShardSize }: ExportFlags): void {
  if (maxShardSize !== undefined) {
    throw new ConfigError("--max-shard-size is for folders with safetensors", {
      why: "a GGUF file is written in one piece",
      todo: "leave it out; llama-gguf-split of llama.cpp cuts a file",
    });
  }
  if (results) {
    throw new ConfigError("--results is for folders", {
      why: "a GGUF file has no model card",
      todo: "leave it out, or use --to ollama",
    });
  }
  if (dtype) {
    throw new ConfigError("--dtype is for folders with safetensors", {
      todo: "say the type of a GGUF file with --type, for instance --type BF16",
    });
  }
  if (as) {
    throw new ConfigError("--as is for folders with safetensors", {
      why: "a GGUF file of a Baichuan with rotary positions is that of a Llama anyway",
      todo: "leave it out",
    });
  }
}

/** `tokenizer.*` of the file. */
async function describeText(
  { tokenizer, template }: ModelText,
  rows: number,
  say: (line: string) => void,
) {
  if (!tokenizer) {
    throw new ConfigError("the model has no tokenizer", {
      why: "a GGUF file holds weights and tokenizer, and programs need both",
      todo: "copy the files of its tokenizer beside the weights",
    });
  }
  const { fields, notes } = await ggufVocabulary(tokenizer, rows, template);
  for (const note of notes) say(note);
  return fields;
}
