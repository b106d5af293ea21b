/** Exports a model as a folder for `ollama create`: one GGUF file, and a Modelfile that says how to talk to it. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readGenerationConfig } from "../../generate/index.js";
import { openModelWeights } from "../../models/index.js";
import { readScores } from "../modelOut/card/scores.js";
import { writeCard } from "../modelOut/card/writeCard.js";
import { chooseOutFolder, writeOutFolder } from "../modelOut/outFolder.js";
import { openModelText } from "../modelOut/textFiles.js";
import { exportGguf } from "./gguf.js";
import { modelfile } from "./modelfile.js";
import { ollamaTemplate } from "./ollamaTemplate.js";
import type { ExportReport, WriteForm } from "./writeForm.js";

const weightsName = "model.gguf";

export const exportOllama: WriteForm = async (place, flags, say) => {
  const inputs = [place.path, ...place.adapters];
  const out = chooseOutFolder(flags.out, flags.force, inputs, "Modelfile");
  const scores = (flags.results ?? []).flatMap(readScores);
  const text = await openModelText(place);
  const { source, notes } = await ollamaTemplate(text);
  let report: ExportReport | undefined;
  // The GGUF file's own writer asks the disk for room.
  await writeOutFolder(out, 0, async (directory) => {
    const { results: _, ...rest } = flags;
    const file = join(directory, weightsName);
    report = await exportGguf(place, { ...rest, out: file, force: false }, say);
    const settings = {
      from: `./${weightsName}`,
      template: source,
      stop: text.template?.stop ?? [],
      contextLength: contextOf(place.path),
      generation: readGenerationConfig(place.path),
    };
    writeFileSync(join(directory, "Modelfile"), modelfile(settings));
    const { template } = text;
    writeCard(directory, { place, name: basename(out.path), template, scores, library: undefined });
  });
  for (const note of notes) say(note);
  const { json, lines } = report!;
  const name = basename(out.path)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-");
  const [first = "", ...others] = lines;
  return {
    out: out.path,
    lines: [
      first.replace(report!.out, join(out.path, weightsName)),
      ...others,
      `To use it: cd ${out.path} && ollama create ${name} -f Modelfile && ollama run ${name}`,
    ],
    json: { ...json, files: [weightsName, "Modelfile", "README.md"] },
  };
};

/** Positions of the model. */
function contextOf(path: string): number {
  const source = openModelWeights(path);
  try {
    return source.config.max_position_embeddings;
  } finally {
    source.close();
  }
}
