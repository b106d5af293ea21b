/** README.md of a model that is written: its header for the hub, and what is known of how it was made. */
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { stringify } from "yaml";
import type { ModelPlace } from "../../../generate/index.js";
import { isHubName } from "../../../hub/index.js";
import { type ChatTemplate, ownTemplateName } from "../../../text/index.js";
import { code, plain, table } from "../../../util/markdown.js";
import { packageVersion } from "../../../util/packageRoot.js";
import { baseHeader } from "./base.js";
import { type CardRun, cardRun, drawLosses } from "./run.js";
import { describeRun } from "./runText.js";
import type { Score } from "./scores.js";

/** What a card is about. */
export interface CardOptions {
  place: ModelPlace;
  /** Name of the folder. */
  name: string;
  template: ChatTemplate | null;
  scores: readonly Score[];
  /** Beside `text-generation`: how it is used. */
  library: "transformers" | undefined;
  /** Whether the adapters are in the weights. Default true. */
  isMerged?: boolean;
}

/** Writes README.md, and the curves that it shows. Nothing is said that no file says. */
export function writeCard(directory: string, options: CardOptions): void {
  const { place, name, template, scores } = options;
  const runs = [place.path, ...place.adapters].flatMap((one) => cardRun(one) ?? []);
  const pictures = runs.map((run, i) => {
    const drawing = drawLosses(run);
    if (drawing === undefined) return undefined;
    const file = runs.length === 1 ? "training.svg" : `training-${i + 1}.svg`;
    writeFileSync(join(directory, file), drawing);
    return file;
  });
  const parts = [
    `---\n${stringify(header(options, runs))}---`,
    `# ${plain(name)}`,
    origin(place, options.isMerged ?? true),
    ...runs.map((run, i) => describeRun(run, pictures[i], runs.length > 1)),
    scoreTable(scores),
    talk(template),
  ];
  const text = parts.filter((part) => part !== undefined).join("\n\n");
  writeFileSync(join(directory, "README.md"), `${text}\n`);
}

function header({ place, library }: CardOptions, runs: readonly CardRun[]) {
  const modes = runs.map(({ start }) => start.train_mode);
  const tasks = runs.flatMap(({ start }) => start.task_type ?? []);
  return {
    ...(isHubName(place.name) ? { base_model: place.name } : {}),
    ...baseHeader(place.path),
    pipeline_tag: "text-generation",
    ...(library === undefined ? {} : { library_name: library }),
    tags: [...new Set(["tunewright", ...tasks, ...modes])],
  };
}

/** A model as others may know it: not by a path of this machine. */
function publicName(name: string): string {
  return isHubName(name) || name.startsWith("builtin:") ? name : basename(name);
}

function origin({ name, adapters, weights }: ModelPlace, isMerged: boolean): string {
  const base = code(publicName(name));
  const by = `Written by Tunewright ${packageVersion()}`;
  if (adapters.length === 0) return `${by} from ${base}.`;
  const shown = adapters.map((adapter, i) => {
    const weight = weights[i] === 1 ? "" : ` with weight ${weights[i]}`;
    return `${code(adapterName(adapter))}${weight}`;
  });
  const noun = adapters.length === 1 ? "adapter" : "adapters";
  const where = isMerged ? "in its weights" : "beside it";
  return `${by} from ${base}, with the LoRA ${noun} ${shown.join(", ")} ${where}.`;
}

/** Of a checkpoint, or of a result that is not in its place yet, with its run's name. */
function adapterName(directory: string): string {
  const [name, run] = [basename(directory), basename(dirname(directory))];
  if (name === "result.staged") return run;
  return /^checkpoint-\d+$/.test(name) ? `${run}/${name}` : name;
}

function scoreTable(scores: readonly Score[]): string | undefined {
  if (scores.length === 0) return undefined;
  const rows = scores.map(({ task, metric, value, error, shots }) => [
    plain(task),
    plain(metric),
    `${Number(value.toFixed(4))}${error === undefined ? "" : ` ± ${Number(error.toFixed(4))}`}`,
    shots === undefined ? "" : String(shots),
  ]);
  return `## Scores\n\n${table(["Task", "Metric", "Value", "Shots"], rows)}`;
}

function talk(template: ChatTemplate | null): string | undefined {
  if (!template) return undefined;
  const ends = template.stop.map(code).join(", ");
  const name = template.name === ownTemplateName ? "the model's own" : code(template.name);
  return `## Chat\n\nChat template: ${name}. Turns of the assistant end with ${ends}.`;
}
