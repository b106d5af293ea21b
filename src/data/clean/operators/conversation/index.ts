/** Operators on the shape of a conversation: its turns, its roles, how its answers end. */
import type { CleanOperator } from "../../operator.js";

export const conversationOperators: readonly CleanOperator[] = [];
