/** Operators on the shape of a conversation: its turns, its roles, how its answers end. */
import type { CleanOperator } from "../../operator.js";
import { filterDegenerateRepetition } from "./degenerateRepetition.js";
import { filterEchoedAnswers } from "./echoedAnswers.js";
import { filterMessageLength } from "./messageLength.js";
import { filterRefusals, filterSelfIdentification } from "./phraseFilters.js";
import { filterPlaceholders } from "./placeholders.js";
import { fixRoleOrder } from "./roleOrder.js";
import { removeTemplateMarkers } from "./templateMarkers.js";
import { cutTruncatedAnswers } from "./truncatedAnswers.js";
import { dropDuplicateTurns, dropEmptyTurns, filterOneSided, filterTurnCount } from "./turns.js";

export const conversationOperators: readonly CleanOperator[] = [
  removeTemplateMarkers,
  dropEmptyTurns,
  fixRoleOrder,
  filterOneSided,
  dropDuplicateTurns,
  filterTurnCount,
  filterMessageLength,
  filterEchoedAnswers,
  cutTruncatedAnswers,
  filterDegenerateRepetition,
  filterPlaceholders,
  filterRefusals,
  filterSelfIdentification,
];
