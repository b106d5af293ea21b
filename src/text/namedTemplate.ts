/** Turns a format known by name into a chat template for one tokenizer. */
import { ConfigError, DataError } from "../util/errors.js";
import { stripEnd, stripStart } from "./jinja/index.js";
import { place } from "./place.js";
import type { IdForm, StringForm } from "./templateForm.js";
import { templateForms } from "./templateForms.js";
import type { Tokenizer } from "./tokenizer.js";
import {
  type ChatTemplate,
  type IdSegment,
  ignoredLabel,
  type Message,
  type RenderOptions,
  type Segment,
  type Source,
  type TemplateVariables,
  type TextSegment,
} from "./types.js";

/** Names that `resolveChatTemplate` knows. */
export const chatTemplateNames: readonly string[] = Object.keys(templateForms);

/**
 * @throws ConfigError when the tokenizer lacks a token that the format needs
 */
export function createNamedTemplate(
  name: string,
  form: StringForm | IdForm,
  tokenizer: Tokenizer,
): ChatTemplate {
  return form.kind === "string"
    ? stringTemplate(name, form, tokenizer)
    : idTemplate(name, form, tokenizer);
}

function stringTemplate(name: string, given: StringForm, tokenizer: Tokenizer): ChatTemplate {
  const form = fillTokens(name, given, tokenizer);
  const { stop } = form;
  const stopId = tokenizer.tokenToId(stop);
  if (stopId === undefined) throw lacking(name, `the token ${stop}`, tokenizer);
  return {
    name,
    stop: [stop],
    stopTokenIds: [...new Set([stopId, ...tokenizer.eosTokenIds])],
    mentions: () => false,
    render(messages, options = {}) {
      refuseTools(messages, options.tools, name, options.source);
      refuseVariables(options.variables, name, options.source);
      const segments = renderString(name, form, messages, options);
      if (form.bosFirst) segments.unshift({ ids: [tokenizer.bosTokenId!], train: false });
      return options.promptOnly ? segments.map((part) => ({ ...part, train: false })) : segments;
    },
  };
}

/** The form with the tokenizer's start and end token in their places. */
function fillTokens(name: string, form: StringForm, tokenizer: Tokenizer): StringForm {
  const { bosToken, bosTokenId, eosToken } = tokenizer;
  const texts = Object.values(form).join();
  if (eosToken === undefined && texts.includes("{eos}")) {
    throw lacking(name, "an end token (eos_token)", tokenizer);
  }
  if (bosTokenId === undefined && (form.bosFirst || texts.includes("{bos}"))) {
    throw lacking(name, "a start token (bos_token)", tokenizer);
  }
  const fill = (text = "") =>
    text.replaceAll("{eos}", () => eosToken!).replaceAll("{bos}", () => bosToken!);
  return {
    ...form,
    ...(form.system === undefined ? {} : { system: fill(form.system) }),
    begin: fill(form.begin),
    user: fill(form.user),
    prompt: fill(form.prompt),
    assistant: fill(form.assistant),
    stop: fill(form.stop),
    end: fill(form.end),
  };
}

function renderString(
  name: string,
  form: StringForm,
  messages: readonly Message[],
  { source, addGenerationPrompt }: RenderOptions,
): Segment[] {
  const segments: Segment[] = [];
  const add = (text: string, train: boolean, message?: number, begins = true) => {
    if (text === "") return;
    const segment: TextSegment = { text, train };
    if (form.apart && begins) segment.apart = true;
    if (message !== undefined) segment.message = message;
    segments.push(segment);
  };
  const [beforeContent = "", afterContent = ""] = form.assistant.split("{content}");
  const ending = afterContent.slice(0, afterContent.indexOf(form.stop) + form.stop.length);
  const tail = afterContent.slice(ending.length);
  add(form.begin!, false);
  if (form.defaultSystem !== undefined && messages[0]?.role !== "system") {
    add(insert(form.system!, form.defaultSystem), false);
  }
  let opened = false;
  let system: string | undefined;
  for (const [index, message] of messages.entries()) {
    const train = message.train ?? message.role === "assistant";
    const trim = (text: string) => (form.trim ? stripStart(stripEnd(text)) : text);
    const content = trim(message.content);
    if (message.role === "system") {
      if (form.system !== undefined) add(insert(form.system, content), train, index);
      else if (form.systemInUser === undefined) throw noSystem(name, source);
      else if (index === 0) system = message.content;
      else throw secondSystem(name, source);
    } else if (message.role === "user") {
      const words =
        system === undefined
          ? content
          : trim(insert(insert(form.systemInUser!, message.content), system, "{system}"));
      system = undefined;
      add(insert(form.user, words), train, index);
      if (messages[index + 1]?.role === "assistant") {
        add(form.prompt, false, undefined, false);
        opened = true;
      }
    } else {
      if (!opened) add(form.prompt, false);
      add(`${beforeContent}${content}${ending}`, train, index);
      add(tail, false, undefined, false);
      opened = false;
    }
  }
  if (system !== undefined) throw secondSystem(name, source);
  if (addGenerationPrompt) add(form.prompt, false, undefined, messages.at(-1)?.role !== "user");
  else add(form.end!, false, undefined, false);
  return segments;
}

function insert(format: string, text: string, place = "{content}"): string {
  return format.replace(place, () => text);
}

/** Ids that open a turn in Baichuan's official format, the same in both generations. */
const officialUser = 195;
const officialAssistant = 196;

function idTemplate(name: string, form: IdForm, tokenizer: Tokenizer): ChatTemplate {
  const { bosTokenId, eosTokenId, eosToken } = tokenizer;
  if (eosTokenId === undefined || eosToken === undefined) {
    throw lacking(name, "an end token (eos_token)", tokenizer);
  }
  const classic = form.layout === "firefly-classic";
  if (classic && bosTokenId === undefined) {
    throw lacking(name, "a start token (bos_token)", tokenizer);
  }
  if (!classic && !(tokenizer.vocabSize > officialAssistant)) {
    throw lacking(name, `the tokens ${officialUser} and ${officialAssistant}`, tokenizer);
  }
  const ids = (values: number[], train: boolean, message?: number): IdSegment =>
    message === undefined ? { ids: values, train } : { ids: values, train, message };

  return {
    name,
    stop: [eosToken],
    stopTokenIds: [...new Set([eosTokenId, ...tokenizer.eosTokenIds])],
    mentions: () => false,
    render(messages, options = {}) {
      refuseTools(messages, options.tools, name, options.source);
      refuseVariables(options.variables, name, options.source);
      const segments: Segment[] = classic ? [ids([bosTokenId!], false)] : [];
      for (const [index, message] of messages.entries()) {
        const train = message.train ?? message.role === "assistant";
        const text: Segment = { text: message.content, train, message: index, apart: true };
        if (message.role === "system") {
          if (classic) throw noSystem(name, options.source);
          segments.push(text);
        } else if (classic) {
          segments.push(text, ids([eosTokenId], train, index));
        } else if (message.role === "user") {
          // The end of the assistant's turn is learnt here, and is never itself an input.
          const before = messages[index - 1];
          const learnt = before?.role === "assistant" && (before.train ?? true);
          const label = learnt ? eosTokenId : ignoredLabel;
          segments.push({ ids: [officialUser], labels: [label], train: learnt }, text);
        } else {
          segments.push({ ids: [officialAssistant], train: false }, text);
        }
      }
      if (!classic && options.addGenerationPrompt) segments.push(ids([officialAssistant], false));
      else if (!classic && messages.at(-1)?.role === "assistant") {
        const train = messages.at(-1)!.train ?? true;
        segments.push(ids([eosTokenId], train, messages.length - 1));
      }
      return options.promptOnly ? segments.map((part) => ({ ...part, train: false })) : segments;
    },
  };
}

function lacking(name: string, what: string, tokenizer: Tokenizer): ConfigError {
  return new ConfigError(`chat template ${name} does not fit the model ${tokenizer.name}`, {
    why: `its tokenizer lacks ${what}`,
    todo: `remove template_name to use the model's own template, or choose another: ${chatTemplateNames.join(", ")}`,
  });
}

function noSystem(name: string, source: Source | undefined): DataError {
  return new DataError(`${place(source)}chat template ${name} does not support system messages`, {
    why: "the conversation has one, and leaving it out would change what is trained on",
    todo: "remove the system messages from the data, or use a template that supports them, for example chatml",
  });
}

function refuseVariables(
  variables: TemplateVariables | undefined,
  name: string,
  source: Source | undefined,
): void {
  const [variable] = Object.keys(variables ?? {});
  if (variable === undefined) return;
  throw new DataError(`${place(source)}chat template ${name} takes no variables`, {
    why: `the row sets ${variable} in chat_template_kwargs, which has no meaning for it`,
    todo: "use the model's own chat template, or remove chat_template_kwargs from the row",
  });
}

function secondSystem(name: string, source: Source | undefined): DataError {
  return new DataError(`${place(source)}chat template ${name} has no place for a system message`, {
    why: "the format puts one system message into the first question, and here it would stand elsewhere",
    todo: "make it one system message before the first question, or use another template, for example chatml",
  });
}

function refuseTools(
  messages: readonly Message[],
  tools: unknown[] | undefined,
  name: string,
  source: Source | undefined,
): void {
  const used = messages.some((message) => message.role === "tool" || message.tool_calls?.length);
  if (!used && !tools?.length) return;
  throw new DataError(`${place(source)}chat template ${name} does not support tools`, {
    why: "the conversation has tools, tool calls or tool results",
    todo: "use the model's own chat template, or remove these messages",
  });
}
