/** What the model answers to fixed prompts while it learns, for the run's `sample` events. */
import {
  answerEnds,
  checkPrompt,
  contextLength,
  createDecoder,
  disposeDecoder,
  generateText,
} from "../generate/index.js";
import { type CausalLanguageModel, prepareModel } from "../models/index.js";
import {
  type ChatTemplate,
  encodePrompt,
  encodeTextPrompt,
  plainTemplateName,
  type Tokenizer,
} from "../text/index.js";
import { excerpt } from "../util/excerpt.js";
import type { SampleEvent } from "./events/index.js";
import type { Recorder } from "./recorder.js";

/** Up to this size, weights are made ready once for an answer; larger ones branch by branch. */
const PREPARED_BYTES = 2 ** 30;

/** A prompt as the user wrote it and as the model reads it. */
export interface SamplePrompt {
  prompt: string;
  /** [n] */
  ids: Int32Array;
}

interface SampleText {
  tokenizer: Tokenizer;
  template: ChatTemplate;
}

/**
 * Renders each prompt as the only user message of a conversation; where plain texts are trained on,
 * as the beginning of a text.
 *
 * @throws DataError where a prompt has a token that the model does not know, or leaves no room for
 *   an answer
 */
export async function encodeSamplePrompts(
  prompts: readonly string[],
  { tokenizer, template, embeddingRows }: SampleText & { embeddingRows: number },
  model: Pick<CausalLanguageModel, "config">,
): Promise<SamplePrompt[]> {
  const encoded: SamplePrompt[] = [];
  for (const prompt of prompts) {
    const ids =
      template.name === plainTemplateName
        ? await encodeTextPrompt(prompt, tokenizer, template)
        : await encodePrompt([{ role: "user", content: prompt }], tokenizer, template);
    const name = `the prompt ${JSON.stringify(excerpt(prompt, 0, 60))} of sample_prompts`;
    checkPrompt(ids, { rows: embeddingRows, context: contextLength(model), name });
    encoded.push({ prompt, ids });
  }
  return encoded;
}

/** How prompts are answered. */
export interface SampleOptions extends SampleText {
  maxNewTokens: number;
  /** Called with every token; what it throws ends the answer. */
  onToken: () => void;
}

/** Answers each prompt greedily, so that answers of different steps can be compared. */
export async function answerPrompts(
  model: CausalLanguageModel,
  prompts: readonly SamplePrompt[],
  { tokenizer, template, maxNewTokens, onToken }: SampleOptions,
): Promise<Pick<SampleEvent, "prompt" | "text" | "finish_reason">[]> {
  const { stop, stopTokenIds } = answerEnds(model, tokenizer, template);
  const prepared = prepareModel(model, { weightBytes: PREPARED_BYTES });
  const decoder = createDecoder(prepared, { rows: 1 });
  try {
    const answers = [];
    for (const { prompt, ids } of prompts) {
      const answer = generateText(decoder, tokenizer, ids, {
        settings: { maxNewTokens, stop },
        stopTokenIds,
        onToken,
      });
      let next = await answer.next();
      while (!next.done) next = await answer.next();
      const { text, finishReason } = next.value;
      answers.push({ prompt, text, finish_reason: finishReason });
    }
    return answers;
  } finally {
    disposeDecoder(decoder);
    prepared.dispose();
  }
}

/** Answers the sample prompts, and records the answers once it has all of them. */
export async function recordSamples(
  model: CausalLanguageModel,
  prompts: readonly SamplePrompt[],
  recorder: Recorder,
  options: SampleOptions,
): Promise<void> {
  const answers = await answerPrompts(model, prompts, options);
  for (const answer of answers) recorder.write({ type: "sample", ...answer });
}
