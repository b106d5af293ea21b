/** What a chat format that is known by name consists of. */

/**
 * A format that is written as text. `{content}` stands for the message, `{bos}` and `{eos}` for the
 * tokenizer's start and end token.
 */
export interface StringForm {
  kind: "string";
  /** Opens the conversation. */
  begin?: string;
  /** Put the start token before the text, as an id. Default: only where `{bos}` says. */
  bosFirst?: boolean;
  /** A system message as a part of its own. */
  system?: string;
  /** A system message inside the first user message: `{system}` and that message's `{content}`. */
  systemInUser?: string;
  /** System message where the conversation has none; undefined leaves the part out. */
  defaultSystem?: string;
  user: string;
  /** What opens the assistant's turn. */
  prompt: string;
  assistant: string;
  /** Ends the assistant's turn and is trained; what `assistant` has behind it is not. */
  stop: string;
  /** Stands between an answer and what follows it; not trained. */
  between?: string;
  /** Ends a conversation that asks for no answer; not trained. */
  end?: string;
  /** Leave out white space around messages. */
  trim?: boolean;
  /** Encode each part apart, as Firefly does; otherwise the whole as one text, as transformers does. */
  apart?: boolean;
  /** Markers that are one token each where the format comes from, besides `stop`. */
  tokens?: readonly string[];
}

/** A format that is written as token ids around utterances that are encoded apart. */
export interface IdForm {
  kind: "ids";
  /** Firefly's first format, Baichuan's official one, or ChatGLM3's. */
  layout: "firefly-classic" | "baichuan-official" | "chatglm3";
}

/** A format that is written in Jinja. `{eos}` in `stop` stands for the tokenizer's end token. */
export interface JinjaForm {
  kind: "jinja";
  source: string;
  /** Texts that end the assistant's turn, one token each. */
  stop: readonly string[];
  /** Further markers that are one token each where the format comes from. */
  tokens: readonly string[];
}

export type TemplateForm = StringForm | IdForm | JinjaForm;
