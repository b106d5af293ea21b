/** The model of `eval`: found, known again, loaded. */
import { createHash } from "node:crypto";
import { evalModelOf } from "../../eval/engine/index.js";
import { type EvalModel, isDialogueName } from "../../eval/index.js";
import { modelIdentity, type Settings } from "../../eval/store/index.js";
import { weightNotes } from "../../format/index.js";
import {
  type AdapterName,
  type ChatModelOptions,
  disposeChatModel,
  loadChatModel,
  locateModel,
} from "../../generate/index.js";
import { chatTemplateJinja, plainTemplateName, textNotes } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import { modelOptions } from "../chat/flags.js";
import { type ChatTemplateChoice, type EvalFlags, templateOf } from "./flags.js";

/** Which model is evaluated, and how it is loaded. */
export interface ModelChoice {
  name: string;
  options: ChatModelOptions;
  chat: ChatTemplateChoice | undefined;
}

/** @throws ConfigError for flags that are unknown or do not go together */
export function chooseModel(
  name: string,
  adapter: AdapterName[] | undefined,
  flags: EvalFlags,
): ModelChoice {
  const { fixAddedTokens, dtype, device } = flags;
  const chat = templateOf(flags);
  // A base model may have no chat template, and plain prompts need none; dialogues do.
  const isPlain = chat === undefined && !flags.tasks?.some(isDialogueName);
  const template = isPlain ? plainTemplateName : chat?.template;
  const options = modelOptions({
    model: name,
    ...(adapter && { adapter }),
    ...(template !== undefined && { template }),
    ...(chat?.variables && { chatTemplateKwargs: chat.variables }),
    ...(fixAddedTokens !== undefined && { fixAddedTokens }),
    ...(dtype !== undefined && { dtype }),
    ...(device !== undefined && { device }),
  });
  return { name, options, chat };
}

/** A hash of the model's files and of how they are used; downloads what is not here. */
export async function identityOf({ name, options, chat }: ModelChoice): Promise<string> {
  const { adapter, dtype, device, fixAddedTokens } = options;
  const place = await locateModel(name, [adapter ?? []].flat());
  const settings = { dtype: dtype ?? null, device, fixAddedTokens: fixAddedTokens ?? false, chat };
  return modelIdentity({ ...place, settings });
}

/** A model that can be asked. */
export interface OpenedModel {
  model: EvalModel;
  /** What it was found to be, for results.json. */
  facts: Settings;
  notes: string[];
  dispose(): void;
}

/** @throws ConfigError, FormatError where something is missing or does not fit */
export async function openModel({
  name,
  options,
  chat: choice,
}: ModelChoice): Promise<OpenedModel> {
  const chat = await loadChatModel(name, options);
  const { template, tokenizer } = chat;
  if (choice?.variables && "enable_thinking" in choice.variables) {
    if (!template.mentions("enable_thinking")) {
      disposeChatModel(chat);
      throw new ConfigError("--thinking has no effect", {
        why: `the chat template ${template.name} does not know enable_thinking`,
        todo: "leave --thinking out, or give the template's own variable with --chat-template-kwargs",
      });
    }
  }
  const model = await evalModelOf(chat);
  const usesTemplate = template.name !== plainTemplateName;
  const source = usesTemplate ? chatTemplateJinja(template, tokenizer).source : undefined;
  return {
    model,
    facts: {
      model_dtype: chat.model.dtype,
      device: chat.model.device,
      model_path: chat.path,
      adapter_paths: chat.adapters,
      chat_template_name: usesTemplate ? template.name : null,
      chat_template_sha: source ? createHash("sha256").update(source).digest("hex") : null,
      max_length: model.maxLength,
    },
    notes: [
      ...[chat.path, ...chat.adapters].flatMap(weightNotes),
      ...(usesTemplate ? textNotes(chat) : []),
    ],
    dispose() {
      model.dispose();
      disposeChatModel(chat);
    },
  };
}
