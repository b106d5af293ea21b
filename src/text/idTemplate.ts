/** Chat templates of formats that are written as token ids around utterances that are encoded apart. */
import { noSystem, refuseTools, refuseVariables } from "./namedRefusals.js";
import type { IdForm } from "./templateForm.js";
import { lacking } from "./templateMarkers.js";
import type { Tokenizer } from "./tokenizer.js";
import {
  type ChatTemplate,
  type IdSegment,
  ignoredLabel,
  type Message,
  type RenderOptions,
  type Segment,
  type TextSegment,
} from "./types.js";

/** How one layout writes conversations with one tokenizer. */
interface Layout {
  /** Texts that end a turn besides the end token, and their ids. */
  stop: ReadonlyMap<string, number>;
  write(messages: readonly Message[], options: RenderOptions): Segment[];
}

/** @throws ConfigError when the tokenizer lacks a token that the format needs */
export function createIdTemplate(name: string, form: IdForm, tokenizer: Tokenizer): ChatTemplate {
  const { eosTokenId, eosToken } = tokenizer;
  if (eosTokenId === undefined || eosToken === undefined) {
    throw lacking(name, "an end token (eos_token)", tokenizer);
  }
  const { stop, write } = layouts[form.layout](name, tokenizer, eosTokenId);
  return {
    name,
    stop: [eosToken, ...stop.keys()],
    stopTokenIds: [...new Set([eosTokenId, ...stop.values(), ...tokenizer.eosTokenIds])],
    mentions: () => false,
    render(messages, options = {}) {
      refuseTools(messages, options.tools, name, options.source);
      refuseVariables(options.variables, name, options.source);
      const segments = write(messages, options);
      return options.promptOnly ? segments.map((part) => ({ ...part, train: false })) : segments;
    },
  };
}

type LayoutOf = (name: string, tokenizer: Tokenizer, eos: number) => Layout;

const layouts: Readonly<Record<IdForm["layout"], LayoutOf>> = {
  "firefly-classic": fireflyClassic,
  "baichuan-official": baichuanOfficial,
  chatglm3,
};

function isLearnt({ train, role }: Message): boolean {
  return train ?? role === "assistant";
}

function utterance(message: Message, index: number): TextSegment {
  return { text: message.content, train: isLearnt(message), message: index, apart: true };
}

function ids(values: number[], train = false, message?: number): IdSegment {
  return message === undefined ? { ids: values, train } : { ids: values, train, message };
}

/** The end token behind an answer that nothing follows. */
function lastEnd(messages: readonly Message[], eos: number): Segment[] {
  const last = messages.at(-1);
  if (last?.role !== "assistant") return [];
  return [ids([eos], isLearnt(last), messages.length - 1)];
}

function fireflyClassic(name: string, tokenizer: Tokenizer, eos: number): Layout {
  const { bosTokenId: bos } = tokenizer;
  if (bos === undefined) throw lacking(name, "a start token (bos_token)", tokenizer);
  return {
    stop: new Map(),
    write(messages, { source }) {
      if (messages.some(({ role }) => role === "system")) throw noSystem(name, source);
      const turns = messages.flatMap((message, index) => [
        utterance(message, index),
        ids([eos], isLearnt(message), index),
      ]);
      return [ids([bos]), ...turns];
    },
  };
}

/** Ids that open a user's and an assistant's turn in Baichuan's official format, the same in both generations. */
export const baichuanMarks = [195, 196] as const;
const [officialUser, officialAssistant] = baichuanMarks;

function baichuanOfficial(name: string, tokenizer: Tokenizer, eos: number): Layout {
  for (const id of baichuanMarks) {
    const text = tokenizer.idToToken(id);
    // `<reserved_102>` and `<reserved_103>`; in Baichuan2 `<reserved_106>` and `<reserved_107>`.
    if (text !== undefined && /^<reserved_\d+>$/.test(text)) continue;
    const held = text === undefined ? "which it has not" : `which is ${JSON.stringify(text)} there`;
    throw lacking(name, `Baichuan's reserved token with the id ${id}, ${held}`, tokenizer);
  }
  return {
    stop: new Map(),
    write(messages, { addGenerationPrompt }) {
      const segments: Segment[] = [];
      for (const [index, message] of messages.entries()) {
        if (message.role === "user") {
          // The end of the assistant's turn is learnt here, and is never itself an input.
          const before = messages[index - 1];
          const learnt = before?.role === "assistant" && isLearnt(before);
          const label = learnt ? eos : ignoredLabel;
          segments.push({ ids: [officialUser], labels: [label], train: learnt });
        } else if (message.role === "assistant") segments.push(ids([officialAssistant]));
        segments.push(utterance(message, index));
      }
      if (addGenerationPrompt) return [...segments, ids([officialAssistant])];
      return [...segments, ...lastEnd(messages, eos)];
    },
  };
}

/**
 * ChatGLM3's, as its publisher's code trains: what opens the next turn ends the assistant's, and
 * the end token the last one. The line break behind a role is encoded apart.
 */
function chatglm3(name: string, tokenizer: Tokenizer, eos: number): Layout {
  const texts = ["[gMASK]", "sop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"];
  const missing = texts.filter((text) => tokenizer.tokenToId(text) === undefined);
  if (missing.length > 0) throw lacking(name, `the tokens ${missing.join(", ")}`, tokenizer);
  const idOf = (text: string) => tokenizer.tokenToId(text)!;
  const stops = ["<|user|>", "<|observation|>"].map((text) => [text, idOf(text)] as const);
  return {
    stop: new Map(stops),
    write(messages, { addGenerationPrompt }) {
      const segments: Segment[] = [ids([idOf("[gMASK]"), idOf("sop")])];
      for (const [index, message] of messages.entries()) {
        const before = messages[index - 1];
        const isEnd = before?.role === "assistant";
        segments.push(
          isEnd
            ? ids([idOf(`<|${message.role}|>`)], isLearnt(before), index - 1)
            : ids([idOf(`<|${message.role}|>`)]),
          { ...utterance(message, index), text: "\n" },
          utterance(message, index),
        );
      }
      if (addGenerationPrompt) return [...segments, ids([idOf("<|assistant|>")])];
      return [...segments, ...lastEnd(messages, eos)];
    },
  };
}
