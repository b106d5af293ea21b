/** Answers of models: asking for one, what it holds while it comes, and how it is shown. */

export { AnswerBody, AnswerFacts } from "./AnswerBody";
export {
  type Answer,
  hasText,
  isOpen,
  isUnfinished,
  newAnswer,
  resumed,
  type ToolCall,
} from "./answer";
export { complete } from "./complete";
