/** Chat templates of formats that are written as token ids around utterances that are encoded apart. */
import { noSystem, refuseTools, refuseVariables } from "./namedRefusals.js";
import type { IdForm } from "./templateForm.js";
import { lacking } from "./templateMarkers.js";
import type { Tokenizer } from "./tokenizer.js";
import { type ChatTemplate, type IdSegment, ignoredLabel, type Segment } from "./types.js";

/** Ids that open a turn in Baichuan's official format, the same in both generations. */
const officialUser = 195;
const officialAssistant = 196;

/** @throws ConfigError when the tokenizer lacks a token that the format needs */
export function createIdTemplate(name: string, form: IdForm, tokenizer: Tokenizer): ChatTemplate {
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
