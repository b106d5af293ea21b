/** Answers of models: asking for one, what it holds while it comes, and how it is shown. */

export { AnswerBody, AnswerFacts } from "./AnswerBody";
export {
  type Answer,
  type AnswerToken,
  type AnswerUsage,
  hasText,
  isOpen,
  isUnfinished,
  newAnswer,
  resumed,
  speedOf,
  type ToolCall,
} from "./answer";
export { complete } from "./complete";
