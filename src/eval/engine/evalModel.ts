/** A loaded model as one that can be evaluated. */
import {
  type ChatModel,
  type ChatModelOptions,
  disposeChatModel,
  loadChatModel,
} from "../../generate/index.js";
import { prepareModel } from "../../models/index.js";
import { encodePrompt, type Message, plainTemplateName, type Tokenizer } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import type { ChatMessage, EvalModel } from "../types.js";
import { converse } from "./converse.js";
import { createPromptEncoder, encodeRequests, type PromptEncoder } from "./encoding.js";
import type { Engine, EngineModel } from "./engine.js";
import { generateUntil } from "./generateUntil.js";
import { scoreRequests } from "./loglikelihood.js";

/** A model that answers. One without a chat template has no `renderChat`. */
export interface OpenEvalModel extends EvalModel {
  maxLength: number;
  countTokens(text: string): Promise<number>;
  /** What it was made from, for facts about it. */
  chat: EngineModel;
  /** Frees what was made for evaluating, and the model where it was opened for that. */
  dispose(): void;
}

export interface EngineOptions {
  /** Most tokens of prompt and answer together; default: `max_position_embeddings` of config.json. */
  maxLength?: number | undefined;
}

/**
 * Loads a model to evaluate it.
 *
 * @param name as `loadChatModel` takes it
 * @throws ConfigError, FormatError where something is missing or does not fit
 */
export async function openEvalModel(
  name: string,
  { maxLength, ...options }: Omit<ChatModelOptions, "needsTemplate"> & EngineOptions = {},
): Promise<OpenEvalModel> {
  const chat = await loadChatModel(name, { ...options, needsTemplate: false });
  const model = await evalModelOf(chat, { maxLength });
  return {
    ...model,
    dispose() {
      model.dispose();
      disposeChatModel(chat);
    },
  };
}

/**
 * Makes a loaded model answer. The model stays the caller's.
 *
 * @param chat its weights must not change until the result is disposed
 */
export async function evalModelOf(
  chat: EngineModel,
  { maxLength = chat.model.config.max_position_embeddings }: EngineOptions = {},
): Promise<OpenEvalModel> {
  const { tokenizer, template } = chat;
  const encoder = await createPromptEncoder(tokenizer);
  const prepared = prepareModel(chat.model);
  const engine: Engine = { chat, prepared, encoder, maxLength };
  let isChecked = false;
  const check = async (requests: readonly { rendered?: boolean }[]) => {
    if (isChecked || !requests.some(({ rendered }) => rendered)) return;
    await checkRendering(chat, encoder);
    isChecked = true;
  };
  return {
    chat,
    maxLength,
    ...(template.name === plainTemplateName
      ? {}
      : {
          renderChat: (messages) => renderedText(messages, template, tokenizer),
          converse: (questions, options) => converse(chat, questions, options),
        }),
    countTokens: async (text) => (await encoder.encode([{ text }]))[0]!.length,
    async loglikelihood(requests, options = {}) {
      await check(requests);
      const encoded = await encodeRequests(requests, encoder, maxLength, options.signal);
      return scoreRequests(prepared, encoded, options);
    },
    async generateUntil(requests, options = {}) {
      await check(requests);
      return generateUntil(engine, requests, options);
    },
    dispose: () => prepared.dispose(),
  };
}

/** A conversation as text, special tokens spelled out, up to where the assistant's words begin. */
function renderedText(
  messages: readonly ChatMessage[],
  template: ChatModel["template"],
  tokenizer: Tokenizer,
): string {
  const segments = template.render(messages as readonly Message[], {
    addGenerationPrompt: true,
    promptOnly: true,
  });
  return segments
    .map((segment) => ("text" in segment ? segment.text : tokenizer.decode(segment.ids)))
    .join("");
}

/** What {@link checkRendering} renders. */
const PROBE: readonly Message[] = [
  { role: "user", content: "What is 1 + 1?\nA. 2\nB. 3" },
  { role: "assistant", content: "A" },
  { role: "user", content: "And 1 + 2?" },
];

/**
 * Refuses a template whose conversations have other tokens when they are read as text than the model is
 * trained on and chats with.
 */
async function checkRendering(
  { template, tokenizer }: EngineModel,
  encoder: PromptEncoder,
): Promise<void> {
  const wanted = await encodePrompt([...PROBE], tokenizer, template);
  const text = renderedText(PROBE as readonly ChatMessage[], template, tokenizer);
  const [found] = await encoder.encode([{ text, rendered: true }]);
  const differs = wanted.findIndex((id, i) => id !== found![i]);
  if (differs < 0 && wanted.length === found!.length) return;
  throw new ConfigError(`chat template ${template.name} cannot be evaluated with this tokenizer`, {
    why: `as one text a conversation has other tokens, from the ${differs < 0 ? wanted.length + 1 : differs + 1}th on`,
    todo: "evaluate without a chat template, or choose another",
  });
}
