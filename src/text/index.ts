/** Tokenizers, chat templates, segments and labels. */
export { withReasoningShown } from "./asGenerated.js";
export type { BorderedIds, BorderedText } from "./borderedText.js";
export { checkLabels, checkTemplateRows, checkTokenIds, checkVocabulary } from "./checks.js";
export { renderConversation } from "./continuedTurns.js";
export { type ControlTokens, controlTokens } from "./controlTokens.js";
export {
  type EncodeConversationOptions,
  encodeConversation,
  encodeConversations,
  encodePrompt,
} from "./encodeConversation.js";
export { generationNotes, writeGenerationConfig } from "./generationConfig.js";
export { type GgufVocabulary, ggufVocabulary } from "./ggufVocabulary.js";
export { goTemplate } from "./goTemplate.js";
export { createJinjaTemplate } from "./jinjaTemplate.js";
export { nameLlamaTokenizer } from "./llamaTokenizer.js";
export { loadTokenizer } from "./loadTokenizer.js";
export {
  type EncodeSequencesOptions,
  encodeSequences,
  type OverLength,
} from "./overLength.js";
export { place } from "./place.js";
export { plainTemplateName } from "./plainTemplate.js";
export { encodeTextPrompt, textFrame } from "./plainText.js";
export {
  hasReasoning,
  type ReasoningChoice,
  readThought,
  reasoningKeys,
  withoutReasoning,
} from "./reasoning.js";
export {
  type AnswerPiece,
  createReasoningSplitter,
  type ReasoningMarks,
  type ReasoningSplitter,
  reasoningMarksOf,
} from "./reasoningStream.js";
export { ownTemplateName, resolveChatTemplate } from "./resolveChatTemplate.js";
export {
  countScripts,
  eastAsianShare,
  languageOf,
  type ScriptCounts,
  type ScriptName,
  scriptCounts,
  scriptNames,
} from "./scripts.js";
export { textOf } from "./segmentText.js";
export { literalTexts, type SpecialTokensInText, tokensSpelledIn } from "./spelledTokens.js";
export { withoutUnlearnt } from "./splitConversation.js";
export type { StreamingDecoder } from "./streamingDecoder.js";
export { chatTemplateNames, fireflyTemplateName } from "./templateForms.js";
export { chatTemplateJinja, type TemplateSource } from "./templateSource.js";
export { reservedVariable, templateNotes } from "./templateVariables.js";
export { textNotes, vocabularyNotes } from "./textNotes.js";
export { tokenBytes } from "./tokenBytes.js";
export type { DecodeOptions, EncodeOptions, Tokenizer, TokenizerOptions } from "./tokenizer.js";
export { readGenerationFile, vocabularyFiles } from "./tokenizerFiles.js";
export type { IdentifiedToken } from "./tokensWithoutRow.js";
export {
  createToolCallReader,
  type ForcedCall,
  type ForcedChoice,
  forcedCall,
  readToolCalls,
  type ToolCallEvent,
  type ToolCallFormat,
  type ToolCallReader,
  type ToolCallReaderOptions,
  type ToolDefinition,
  toolCallFormatOf,
} from "./toolCalls/index.js";
export {
  checkTrainedTemplate,
  readTrainedTemplate,
  templateOfWeights,
  writeTrainedTemplate,
} from "./trainedTemplate.js";
export { conversationText, type TurnTexts, turnTexts, writeTurns } from "./turnTexts.js";
export {
  type ChatTemplate,
  type Conversation,
  type EncodedConversation,
  type IdSegment,
  ignoredLabel,
  type Message,
  type RenderOptions,
  type Role,
  type Segment,
  type Source,
  type TemplateVariables,
  type TextSegment,
  type ToolCall,
} from "./types.js";
