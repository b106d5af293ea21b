/** Operators on the text of messages. */
import type { CleanOperator } from "../../operator.js";

export const textOperators: readonly CleanOperator[] = [];
