/** Batched decoding: many answers from one pass of the model. */
export {
  cancel,
  createDecoder,
  type DecodedToken,
  type DecodeRequest,
  type Decoder,
  type DecoderOptions,
  disposeDecoder,
  halfOfFree,
  isIdle,
  step,
  submit,
} from "./decoder.js";
export { bytesPerToken } from "./storage.js";
