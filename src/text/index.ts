/** Tokenizers, chat templates, segments and labels. */
export { loadTokenizer } from "./loadTokenizer.js";
export type { BorderedIds, BorderedText } from "./native.js";
export type { StreamingDecoder } from "./streamingDecoder.js";
export type { DecodeOptions, EncodeOptions, Tokenizer } from "./tokenizer.js";
export type {
  ChatTemplate,
  Conversation,
  EncodedConversation,
  IdSegment,
  Message,
  RenderOptions,
  Role,
  Segment,
  Source,
  TextSegment,
  ToolCall,
} from "./types.js";
