/** The engine that owns tensors, a process of its own, and its client. Importing this loads no libtorch. */
export { type Engine, type RunningAnswer, startEngine } from "./client.js";
export { EngineGone } from "./engineGone.js";
export type {
  AnswerEvent,
  AnswerFormat,
  AnswerPiece,
  AnswerRequest,
  EngineFigures,
  FinishReason,
  ModelSpec,
  Prompt,
  TokenReport,
  ToolChoice,
  ToolSpec,
  Usage,
} from "./protocol.js";
