/** What answering takes, whatever is asked. */
import type { ChatModel } from "../../generate/index.js";
import type { PreparedModel } from "../../models/index.js";
import type { PromptEncoder } from "./encoding.js";

/** What evaluation uses of a {@link ChatModel}. */
export type EngineModel = Pick<
  ChatModel,
  "model" | "tokenizer" | "template" | "stopTokenIds" | "stop" | "defaults"
>;

/** Everything that answering takes. */
export interface Engine {
  chat: EngineModel;
  prepared: PreparedModel;
  encoder: PromptEncoder;
  maxLength: number;
}
