/** A thread that reads, parses, renders and encodes rows of training data. */
import {
  loadTokenizer,
  resolveChatTemplate,
  type TemplateVariables,
  type TokenizerOptions,
} from "../text/index.js";
import type { WorkerSetup } from "../util/workerPool.js";
import { type DataSource, type JoinOptions, openDataSources } from "./dataSource.js";
import type { EncodeRowsOptions } from "./encodeRows.js";
import { localEncoder, type PackedRows, packRows } from "./rowEncoder.js";

/** Everything plain, so that it can be cloned. */
export interface EncodeWorkerSettings {
  sources: readonly (string | DataSource)[];
  seed: number;
  options: Omit<JoinOptions, "onProgress"> & Omit<EncodeRowsOptions, "tokenizer" | "template">;
  /** Where the tokenizer is loaded from. */
  tokenizerPath: string;
  tokenizerOptions: TokenizerOptions;
  templateName: string | undefined;
  templateVariables: TemplateVariables | undefined;
}

export const setup: WorkerSetup<EncodeWorkerSettings, readonly number[], PackedRows> = async (
  settings,
) => {
  const { sources, seed, options, templateName, templateVariables } = settings;
  const tokenizer = await loadTokenizer(settings.tokenizerPath, settings.tokenizerOptions);
  const template = resolveChatTemplate(templateName, tokenizer, templateVariables);
  const source = await openDataSources(sources, options, seed);
  const encoder = localEncoder(source, { ...options, tokenizer, template });
  return async (rows) => packRows(await encoder.encode(rows));
};
