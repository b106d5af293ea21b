/** Batched decoding: many answers from one pass of the model. */
export { refuseNotANumber } from "./chooseTokens.js";
export {
  cancel,
  createDecoder,
  type Decoder,
  type DecoderLoad,
  type DecoderOptions,
  decoderLoad,
  disposeDecoder,
  forget,
  halfOfFree,
  isIdle,
  step,
} from "./decoder.js";
export {
  type DecodedToken,
  type DecodeEvent,
  type DecodeFailure,
  type DecodeRequest,
  type FinishReason,
  mostLogprobs,
  type TokenLogprob,
  type TokenLogprobs,
  tokensOf,
} from "./requests.js";
export {
  bytesPerToken,
  createStorage,
  disposeStorage,
  type PageStorage,
} from "./storage.js";
export { submit } from "./submit.js";
