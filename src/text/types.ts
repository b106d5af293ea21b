/** The plain data that passes through this folder: messages, segments, encoded conversations. */
import type { JsonValue } from "../util/json/index.js";

/** Label of a token that is not trained on. */
export const ignoredLabel = -100;

export type Role = "system" | "user" | "assistant" | "tool";

/** A call that an assistant message makes, in the form that chat templates read. */
export interface ToolCall {
  id?: string;
  type?: string;
  function: { name: string; arguments: JsonValue };
}

/** One message. Keys beside these reach a Jinja template untouched. */
export interface Message {
  role: Role;
  content: string;
  /** Overrides the default (assistant messages are trained on, others are not). */
  train?: boolean;
  /**
   * This message of the assistant goes on with the turn of the one before it: templates see one
   * message, labels follow each part's own `train`.
   */
  continues?: boolean;
  name?: string;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
  reasoning_content?: string;
  [key: string]: unknown;
}

/** Variables of a Jinja template by name, beside those that every template gets. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

export interface Source {
  file: string;
  /** 1-based. */
  line: number;
}

export interface Conversation {
  messages: Message[];
  tools?: JsonValue[];
  source?: Source;
  id?: JsonValue;
  /** Every token is trained on, not the assistant's turns only. */
  learnt?: "all";
  /** How many of the messages in the file were joined to the one before, being of its role. */
  joined?: number;
  /**
   * `text`: the content of the only message is trained on whole, without a chat template; or, of two,
   * the second after the first.
   */
  kind?: "text";
  /** Variables that this row gives to the template (`enable_thinking`, …). */
  chatTemplateKwargs?: TemplateVariables;
}

/** What every segment says about itself. */
interface SegmentBase {
  /** Whether its tokens are labels. */
  train: boolean;
  /** Index of the message that it came from, where that is known. */
  message?: number;
}

/** Text: encoded together with the text segments before it, unless `apart`. */
export interface TextSegment extends SegmentBase {
  text: string;
  /** Encoding starts anew here: no token reaches over the border to the segment before. */
  apart?: boolean;
  /**
   * Ranges `[start, end)` of `text`, ascending, that are encoded apart and in which no added token is
   * looked for; an empty one only breaks the text.
   */
  literal?: readonly (readonly [number, number])[];
}

/** Token ids put down as they are. */
export interface IdSegment extends SegmentBase {
  ids: number[];
  /** Labels that differ from the ids (Baichuan's official form predicts the end of a turn here). */
  labels?: number[];
}

export type Segment = TextSegment | IdSegment;

export interface RenderOptions {
  /** End with what opens an assistant turn. Default false. */
  addGenerationPrompt?: boolean;
  tools?: JsonValue[] | undefined;
  /** Go before the template's own of the same names. */
  variables?: TemplateVariables | undefined;
  /** Skip working out which spans are trained; every `train` is false. Default false. */
  promptOnly?: boolean;
  /** Named in errors. */
  source?: Source | undefined;
}

/**
 * How a conversation becomes segments. The same object serves training, chat, HTTP and evaluation;
 * `name` is stored with a checkpoint and found again by `resolveChatTemplate`.
 */
export interface ChatTemplate {
  readonly name: string;
  /** What to tell the user of it once, a line each. */
  readonly notes?: readonly string[];
  /** Texts that end an assistant turn, the template's own first. */
  readonly stop: readonly string[];
  /** The same as token ids, with those of generation_config.json. */
  readonly stopTokenIds: readonly number[];
  /** Variables that it renders every conversation with, as configured (`chat_template_kwargs`). */
  readonly variables?: TemplateVariables;
  /** False: it never reads a variable or a key of this name. */
  mentions(name: string): boolean;
  /** @throws DataError when this conversation cannot be rendered or its turns not be told apart */
  render(messages: readonly Message[], options?: RenderOptions): Segment[];
}

export interface EncodedConversation {
  inputIds: Int32Array;
  /**
   * Same length as `inputIds`. `labels[i]` is what position `i` itself should be (unshifted, as in
   * Hugging Face), -100 where nothing is trained on; always -100 at position 0, which nothing predicts.
   */
  labels: Int32Array;
  /** Number of labels that are not -100. */
  labelledTokens: number;
  /** Tokens were cut off on the right at `maxSeqLength`. */
  truncated: boolean;
  /** Number of tokens before truncation. */
  fullLength: number;
  /** Only the beginning of a very long conversation was encoded: `fullLength` is an estimate. */
  fullLengthEstimated?: true;
  /** Turns before the one that is learnt, for which there was no room. */
  messagesLeftOut?: readonly Message[];
  segments: Segment[];
  source?: Source;
  id?: JsonValue;
}
