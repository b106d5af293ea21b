/** What makes an evaluation the one that it is, for results.json and for going on with it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Settings } from "../../eval/store/index.js";
import { torchVersion } from "../../tensor/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import type { Asked, EvalFlags } from "./flags.js";
import type { ModelChoice } from "./model.js";

/** A model with the hash that knows it again. */
export interface KnownModel {
  choice: ModelChoice;
  identity: string;
}

/** One evaluation, perhaps of two models or with several draws. */
export interface Job {
  flags: EvalFlags;
  asked: Asked;
  model: KnownModel;
  /** The model that it is compared with. */
  base?: KnownModel;
  /** Seeds of the examples: one, or several draws. */
  seeds: readonly number[];
}

/** Values by which an evaluation is the same as another one. */
export function settingsOf({ flags, asked, model, base, seeds }: Job): Settings {
  const { protocol, numFewshot, limit, parity, system, chat } = asked;
  return {
    model: model.choice.name,
    adapters: flags.adapter ?? [],
    model_files: model.identity,
    base: base?.choice.name ?? null,
    base_files: base?.identity ?? null,
    tasks: flags.tasks ?? [],
    task_files: (flags.tasks ?? []).filter(isTaskFile).map(hashOf),
    data_dir: flags.data ?? null,
    submission: flags.submission ?? null,
    protocol,
    num_fewshot: numFewshot ?? null,
    limit: limit ?? null,
    fewshot_seeds: seeds,
    parity: parity ?? false,
    allow_code_execution: flags.allowCodeExecution ?? false,
    system_instruction: system ?? null,
    apply_chat_template: model.choice.chat !== undefined,
    template_variables: model.choice.chat?.variables ?? null,
    fewshot_as_multiturn: chat?.shotsAsTurns ?? false,
    dtype: flags.dtype ?? null,
    tunewright_version: packageVersion(),
    torch_version: torchVersion(),
  };
}

/** Whether a task is one of the user's own, by the file that describes it. */
export function isTaskFile(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
