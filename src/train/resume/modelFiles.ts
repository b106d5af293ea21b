/** Which base model, tokenizer and chat template a run has, told by their files without reading all of them. */
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileStateOf } from "../../data/index.js";
import type { ModelPlace } from "../../generate/index.js";
import { CheckpointError } from "../../util/errors.js";
import { type Differences, noDifferences } from "./differences.js";
import type { FileRecord, RunRecord } from "./record.js";

const weightFiles =
  /^(config\.json|.*\.safetensors|.*\.safetensors\.index\.json|pytorch_model.*\.bin|pytorch_model\.bin\.index\.json)$/;
const textFiles =
  /^(tokenizer\.json|tokenizer_config\.json|tokenizer\.model|special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt|chat_template\.(jinja|json))$/;

/** Of a large file only its size and a megabyte of it, its header among them. */
export function modelFiles({ path: place }: Pick<ModelPlace, "path">): Promise<FileRecord[]> {
  return filesOf(place, weightFiles);
}

/** @param home where the tokenizer is read from */
export function tokenizerFiles(home: string): Promise<FileRecord[]> {
  return filesOf(home, textFiles);
}

/** The files of a directory, or a GGUF file alone, which holds all. */
async function filesOf(place: string, pattern: RegExp): Promise<FileRecord[]> {
  if (!statSync(place).isDirectory()) return [{ ...(await fileStateOf(place)), file: place }];
  const names = readdirSync(place).filter((name) => pattern.test(name));
  const paths = names.sort().map((name) => path.join(place, name));
  return Promise.all(paths.map(async (file) => ({ file, ...(await fileStateOf(file)) })));
}

/** @param accepts whether another model or tokenizer is only told */
export function compareModels(
  before: Pick<RunRecord, "model" | "text">,
  now: Pick<RunRecord, "model" | "text">,
  accepts: boolean,
): Differences {
  const found = noDifferences();
  const judge = (what: string, why: string, back: string) => {
    if (accepts) {
      found.lines.push(`${what}: ${why}.`);
      found.changesCourse = true;
      return;
    }
    const todo = `${back}; or go on knowingly with --resume_changes all`;
    found.refusals.push(new CheckpointError(what, { why, todo }));
  };
  const model = before.model && now.model && firstChange(before.model, now.model);
  if (model) {
    const why = "the checkpoint's weights were trained on top of the model as it was";
    judge(`The base model is not that of the checkpoint: ${model}`, why, "use that model");
  }
  const tokenizer = firstChange(before.text.files, now.text.files);
  if (tokenizer) {
    const why = "the same text may become other tokens than those that were trained on";
    judge(`The tokenizer is not that of the checkpoint: ${tokenizer}`, why, "use that tokenizer");
  }
  const [was, is] = [before.text, now.text].map(describeTemplate) as [string, string];
  if (was !== is) {
    judge(
      `The chat template is ${is}, but the checkpoint was trained with ${was}`,
      "the rows that are still to come would become other tokens or labels",
      `use --template_name ${before.text.template}${before.text.variables ? ` --chat_template_kwargs '${JSON.stringify(before.text.variables)}'` : ""}`,
    );
  }
  return found;
}

function describeTemplate({ template, variables = {} }: RunRecord["text"]): string {
  const isPlain = Object.keys(variables).length === 0;
  return isPlain ? template : `${template} with ${JSON.stringify(variables)}`;
}

/** How the second list of files differs from the first, by names within their folders. */
function firstChange(
  before: readonly FileRecord[],
  now: readonly FileRecord[],
): string | undefined {
  const known = new Map(before.map((one) => [path.basename(one.file), one]));
  const isAlone = before.length === 1 && now.length === 1;
  for (const one of now) {
    const name = path.basename(one.file);
    const was = known.get(name) ?? (isAlone ? before[0] : undefined);
    known.delete(was ? path.basename(was.file) : name);
    if (!was) return `${one.file} is new`;
    if (was.bytes !== one.bytes) return `${one.file} had ${was.bytes} bytes and has ${one.bytes}`;
    if (was.content !== one.content) return `${one.file} has other bytes`;
  }
  const [missing] = known.keys();
  return missing === undefined ? undefined : `${missing} is missing`;
}
