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
  type Constrainer,
  type Constraint,
  callConstraint,
  createConstrainer,
  jsonConstraint,
  schemaConstraint,
} from "./constrain/index.js";
export {
  bytesPerToken,
  cancel,
  createDecoder,
  createStorage,
  type DecodedToken,
  type DecodeEvent,
  type DecodeFailure,
  type DecodeRequest,
  type Decoder,
  type DecoderLoad,
  type DecoderOptions,
  decoderLoad,
  disposeDecoder,
  disposeStorage,
  type FinishReason,
  forget,
  halfOfFree,
  isIdle,
  mostLogprobs,
  type PageStorage,
  refuseNotANumber,
  step,
  submit,
  type TokenLogprob,
  type TokenLogprobs,
  tokensOf,
} from "./decoder/index.js";
export {
  type FittingPrompt,
  fitPrompt,
  type PromptParts,
  type PromptRoom,
  splitSystem,
} from "./fitPrompt.js";
export { type Answer, type GenerateTextOptions, generateText } from "./generateText.js";
export { type GenerateOptions, generateTokens } from "./generateTokens.js";
export {
  type AdapterName,
  locateModel,
  type ModelPlace,
  templateHome,
  tokenizerHome,
  vocabularyRows,
} from "./modelPlace.js";
export { banRepeatedNgrams, penalisePresence, penaliseRepetition } from "./penalties.js";
export { checkPrompt, contextLength } from "./prompts.js";
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
export { allowsToken, allowToken, maskOf, type TokenMask } from "./tokenMask.js";
