/** Exports a model as a folder for `ollama create`: one GGUF file, and a Modelfile that says how to talk to it. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ModelPlace, readGenerationConfig } from "../../generate/index.js";
import { openModelWeights } from "../../models/index.js";
import { readScores } from "../modelOut/card/scores.js";
import { writeCard } from "../modelOut/card/writeCard.js";
import { chooseOutFolder, writeOutFolder } from "../modelOut/outFolder.js";
import { openModelText } from "../modelOut/textFiles.js";
import { exportGguf } from "./gguf.js";
import { exportGgufLora } from "./ggufLora.js";
import { modelfile } from "./modelfile.js";
import { ollamaTemplate } from "./ollamaTemplate.js";
import type { ExportFlags, ExportReport, WriteForm } from "./writeForm.js";

const weightsName = "model.gguf";
const adapterName = "adapter.gguf";

export const exportOllama: WriteForm = async (place, flags, say) => {
  const inputs = [place.path, ...place.adapters];
  const out = chooseOutFolder(flags.out, flags.force, inputs, "Modelfile");
  const scores = (flags.results ?? []).flatMap(readScores);
  const text = await openModelText(place);
  const { source, notes } = await ollamaTemplate(text);
  const isApart = flags.merge === false && place.adapters.length > 0;
  let report: ExportReport | undefined;
  // The GGUF file's own writer asks the disk for room.
  await writeOutFolder(out, 0, async (directory) => {
    report = await writeWeights(place, flags, isApart, directory, say);
    const settings = {
      from: `./${weightsName}`,
      adapter: isApart ? `./${adapterName}` : undefined,
      template: source,
      stop: text.template?.stop ?? [],
      contextLength: contextOf(place.path),
      generation: readGenerationConfig(place.path),
    };
    writeFileSync(join(directory, "Modelfile"), modelfile(settings));
    const { template } = text;
    const name = basename(out.path);
    const isMerged = !isApart;
    writeCard(directory, { place, name, template, scores, library: undefined, isMerged });
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
    json: {
      ...json,
      files: [weightsName, ...(isApart ? [adapterName] : []), "Modelfile", "README.md"],
    },
  };
};

/** The GGUF files of the folder: one, or without merging one for the model and one for its adapters. */
async function writeWeights(
  place: ModelPlace,
  { results: _, ...flags }: ExportFlags,
  isApart: boolean,
  directory: string,
  say: (line: string) => void,
): Promise<ExportReport> {
  const fileOf = (name: string) => ({ out: join(directory, name), force: false });
  if (!isApart) return exportGguf(place, { ...flags, ...fileOf(weightsName) }, say);
  // First what may be refused.
  const { type: _type, ...plain } = flags;
  await exportGgufLora(place, { ...plain, ...fileOf(adapterName) }, say);
  const base = { ...place, adapters: [], weights: [] };
  return exportGguf(base, { ...flags, ...fileOf(weightsName) }, say);
}

/** Positions of the model. */
function contextOf(path: string): number {
  const source = openModelWeights(path);
  try {
    return source.config.max_position_embeddings;
  } finally {
    source.close();
  }
}
