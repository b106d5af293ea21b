/** Chat templates of formats that are written as text. */
import { DataError } from "../util/errors.js";
import { stripEnd, stripStart } from "./jinja/index.js";
import { noSystem, refuseTools, refuseVariables } from "./namedRefusals.js";
import { place } from "./place.js";
import type { StringForm } from "./templateForm.js";
import type { Tokenizer } from "./tokenizer.js";
import type {
  ChatTemplate,
  Message,
  RenderOptions,
  Segment,
  Source,
  TextSegment,
} from "./types.js";

/** @param given whose markers the tokenizer has */
export function createStringTemplate(
  name: string,
  given: StringForm,
  tokenizer: Tokenizer,
): ChatTemplate {
  const form = fillTokens(given, tokenizer);
  const { stop } = form;
  const stopId = tokenizer.tokenToId(stop)!;
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
function fillTokens(form: StringForm, { bosToken, eosToken }: Tokenizer): StringForm {
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
    between: fill(form.between),
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
    if (messages[index - 1]?.role === "assistant") add(form.between!, false, undefined, false);
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

function secondSystem(name: string, source: Source | undefined): DataError {
  return new DataError(`${place(source)}chat template ${name} has no place for a system message`, {
    why: "the format puts one system message into the first question, and here it would stand elsewhere",
    todo: "make it one system message before the first question, or use another template, for example chatml",
  });
}
