/** Every cleaning operator. To add one: its file, a line in the list of its folder, tests. */
import type { CleanOperator } from "../operator.js";
import { conversationOperators } from "./conversation/index.js";
import { perplexityOperator } from "./perplexity.js";
import { textOperators } from "./text/index.js";

export const cleanOperators: readonly CleanOperator[] = [
  ...textOperators,
  ...conversationOperators,
  perplexityOperator,
];
