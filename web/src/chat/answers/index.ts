/** Answers of models: asking for one, and what it holds while it comes. */
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
