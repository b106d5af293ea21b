/** SentencePiece: from text to the ids of its models and back, to the library's results. */
export { createTextDecoder } from "./decodeText.js";
export { createTextEncoder, type EncodeText } from "./encodeText.js";
