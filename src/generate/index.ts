/** Generation: cached decoding, sampling, stopping, conversations. */
export {
  answerEnds,
  type ChatModel,
  type ChatModelOptions,
  disposeChatModel,
  loadChatModel,
} from "./chatModel.js";
export {
  type ChatSession,
  createSession,
  disposeSession,
  reply,
  resetSession,
  setAdapterWeights,
  setSystem,
  type Turn,
  takeBackTurn,
} from "./chatSession.js";
export {
  bytesPerToken,
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
} from "./decoder/index.js";
export { type Answer, type GenerateTextOptions, generateText } from "./generateText.js";
export {
  checkPrompt,
  chooseToken,
  contextLength,
  type FinishReason,
  type GeneratedToken,
  type GenerateOptions,
  generateTokens,
  refuseNotANumber,
  type TokenHistory,
} from "./generateTokens.js";
export {
  cacheBytes,
  createCache,
  disposeCache,
  type KeyValueCache,
  truncateCache,
} from "./keyValueCache.js";
export {
  type AdapterName,
  locateModel,
  type ModelPlace,
  templateHome,
  tokenizerHome,
  vocabularyRows,
} from "./modelPlace.js";
export { feed, feedForLogits } from "./nextLogits.js";
export { banRepeatedNgrams, penaliseRepetition } from "./penalties.js";
export { nextUniform, type RandomState, seededRandom } from "./random.js";
export {
  applyTemperature,
  argmax,
  drawToken,
  keepMinP,
  keepTopK,
  keepTopP,
} from "./sampling.js";
export {
  checkSettings,
  type GenerationChoices,
  type GenerationSettings,
  greedySettings,
  readGenerationConfig,
  resolveSettings,
} from "./settings.js";
export { createStopMatcher, type StopMatcher } from "./stopText.js";
