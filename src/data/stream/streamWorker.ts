/** The thread that reads a stream, shuffles and encodes it: one micro-batch a job, in their order. */
import {
  loadTokenizer,
  resolveChatTemplate,
  type TemplateVariables,
  type TokenizerOptions,
} from "../../text/index.js";
import { Transferred, type WorkerSetup } from "../../util/workerPool.js";
import type { MicroBatch } from "../microBatch.js";
import { type StreamOptions, streamBatches } from "./streamBatches.js";

/** Everything plain, so that it can be cloned. */
export interface StreamWorkerSettings {
  options: Omit<StreamOptions, "tokenizer" | "template">;
  tokenizerPath: string;
  tokenizerOptions: TokenizerOptions;
  templateName: string;
  templateVariables: TemplateVariables | undefined;
  /** Number of the first micro-batch that is wanted. */
  first: number;
}

/** A job is the number of a micro-batch; undefined is given where the stream has ended. */
export const setup: WorkerSetup<StreamWorkerSettings, number, MicroBatch | undefined> = async ({
  options,
  tokenizerPath,
  tokenizerOptions,
  templateName,
  templateVariables,
  first,
}) => {
  const tokenizer = await loadTokenizer(tokenizerPath, tokenizerOptions);
  const template = resolveChatTemplate(templateName, tokenizer, templateVariables);
  const batches = streamBatches({ ...options, tokenizer, template }, first);
  return async () => {
    const next = await batches.next();
    if (next.done) return undefined;
    const buffers: ArrayBuffer[] = [];
    for (const sequence of next.value.sequences) {
      // Views of a shared buffer would be cloned whole, once each.
      sequence.inputIds = sequence.inputIds.slice();
      sequence.labels = sequence.labels.slice();
      buffers.push(sequence.inputIds.buffer as ArrayBuffer, sequence.labels.buffer as ArrayBuffer);
    }
    return new Transferred(next.value, buffers);
  };
};
