/** Answers put together from their events. */
import type { AnswerEvent, FinishReason, TokenReport, Usage } from "../engine/index.js";

/** A call of a tool. */
export interface CollectedCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** One whole answer. */
export interface CollectedChoice {
  index: number;
  text: string;
  reasoning: string;
  calls: CollectedCall[];
  tokens: TokenReport[];
  reason: FinishReason;
}

export interface Collected {
  choices: CollectedChoice[];
  usage: Usage;
  warnings: string[];
}

/**
 * Reads the events of an answer to their end.
 *
 * @param onEvent is told of each
 */
export async function collect(
  events: AsyncIterable<AnswerEvent>,
  n: number,
  onEvent: (event: AnswerEvent) => void,
): Promise<Collected> {
  const choices: CollectedChoice[] = Array.from({ length: n }, (_, index) => ({
    index,
    text: "",
    reasoning: "",
    calls: [],
    tokens: [],
    reason: "stop",
  }));
  const warnings: string[] = [];
  let usage: Usage = { promptTokens: 0, completionTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
  for await (const event of events) {
    onEvent(event);
    if (event.type === "end") usage = event.usage;
    else if (event.type === "finish" || event.type === "delta") {
      const choice = choices[event.index]!;
      choice.tokens.push(...event.tokens);
      if (event.type === "finish") choice.reason = event.reason;
      else take(choice, event.piece, warnings);
    }
  }
  return { choices, usage, warnings };
}

function take(
  choice: CollectedChoice,
  piece: Extract<AnswerEvent, { type: "delta" }>["piece"],
  warnings: string[],
): void {
  switch (piece.kind) {
    case "text":
      choice.text += piece.text;
      return;
    case "reasoning":
      choice.reasoning += piece.text;
      return;
    case "call":
      choice.calls[piece.call] = {
        id: piece.id,
        type: "function",
        function: { name: piece.name, arguments: "" },
      };
      return;
    case "arguments":
      choice.calls[piece.call]!.function.arguments += piece.text;
      return;
    case "warning":
      warnings.push(piece.text);
  }
}
