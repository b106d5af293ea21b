/** OpenAI's API for answers: chat and plain completions. */
export { answerError, ask, checkRoom, clientOf, modelOf } from "./ask.js";
export { chatRoutes } from "./chatRoutes.js";
export { chatRequestSchema } from "./chatSchema.js";
export { type Collected, type CollectedChoice, collect } from "./collect.js";
export { completionRoutes } from "./completionRoutes.js";
export { completionRequestSchema } from "./completionSchema.js";
export { absentRoutes } from "./otherRoutes.js";
export { watchAnswer } from "./watch.js";
