/** From the tokens of an answer to its pieces: whole characters, stop texts cut off, reasoning and calls told apart. */
import { createStopMatcher } from "../../generate/index.js";
import {
  createReasoningSplitter,
  createToolCallReader,
  type ReasoningMarks,
  type Tokenizer,
  type ToolCallEvent,
  type ToolCallFormat,
} from "../../text/index.js";
import type { AnswerPiece } from "./protocol.js";

export interface AnswerReaderOptions {
  tokenizer: Tokenizer;
  /** Ids of text that the answer goes on with; they are not told again. */
  tail: Int32Array;
  /** Texts that end the answer. */
  stop: readonly string[];
  /** Ids that end it, which are no text. */
  stopIds: ReadonlySet<number>;
  /** Marks of reasoning, with the end of the prompt, which may have opened it; null for plain texts. */
  reasoning: { marks: ReasoningMarks | undefined; prompt: string } | null;
  /** How calls of tools are written, and the tools' names; null where there are none. */
  calls: { format: ToolCallFormat; names: readonly string[]; inPieces: boolean } | null;
}

export interface AnswerReader {
  /** Takes text that was put behind the prompt and belongs to the answer. */
  begin(text: string): AnswerPiece[];
  /** @param isLast whether no token follows */
  push(tokenId: number, isLast: boolean): AnswerPiece[];
  /** Whether a stop text was met: the answer ends there. */
  readonly isStopped: boolean;
  /** Whole calls so far. */
  readonly calls: number;
  /** Tokens of reasoning so far. */
  readonly reasoningTokens: number;
}

export function createAnswerReader(options: AnswerReaderOptions): AnswerReader {
  const { tokenizer, stopIds, reasoning, calls } = options;
  const stream = tokenizer.decodeStream({ skipSpecialTokens: true, shown: shownTokens(options) });
  for (const id of options.tail) stream.push(id);
  const matcher = createStopMatcher(options.stop);
  const splitter = createReasoningSplitter(reasoning?.marks, reasoning?.prompt ?? "");
  const reader =
    calls && createToolCallReader(calls.format, { names: calls.names, pieces: calls.inPieces });
  let lastKind: AnswerPiece["kind"] = "text";
  let reasoningTokens = 0;

  const read = (text: string, isLast: boolean): AnswerPiece[] => {
    const split = [...splitter.push(text), ...(isLast ? splitter.finish() : [])];
    const pieces = split.flatMap((piece): AnswerPiece[] =>
      piece.kind === "text" && reader ? reader.push(piece.text).map(pieceOf) : [piece],
    );
    if (isLast && reader) pieces.push(...reader.finish().map(pieceOf));
    lastKind = split.at(-1)?.kind ?? lastKind;
    return pieces;
  };
  return {
    begin: (text) => (text === "" ? [] : read(text, false)),
    push(tokenId, isLast) {
      let text = matcher.push(stopIds.has(tokenId) ? "" : stream.push(tokenId));
      if (isLast && matcher.matched === undefined) {
        text += matcher.push(stream.flush());
        if (matcher.matched === undefined) text += matcher.flush();
      }
      const pieces = read(text, isLast || matcher.matched !== undefined);
      if (lastKind === "reasoning") reasoningTokens++;
      return pieces;
    },
    get isStopped() {
      return matcher.matched !== undefined;
    },
    get calls() {
      return reader?.calls ?? 0;
    },
    get reasoningTokens() {
      return reasoningTokens;
    },
  };
}

/** Marks of calls and of reasoning that are special tokens, which decoding would leave out. */
function shownTokens({ tokenizer, reasoning, calls }: AnswerReaderOptions): Set<number> {
  const { opening, closing } = reasoning?.marks ?? {};
  const marks = [opening, closing, ...(calls?.format.marks ?? [])];
  return new Set(
    marks.flatMap((mark) => (mark === undefined ? [] : (tokenizer.tokenToId(mark) ?? []))),
  );
}

function pieceOf(event: ToolCallEvent): AnswerPiece {
  switch (event.type) {
    case "text":
      return { kind: "text", text: event.text };
    case "call":
      return { kind: "call", call: event.index, id: event.id, name: event.name };
    case "arguments":
      return { kind: "arguments", call: event.index, text: event.text };
    case "warning":
      return { kind: "warning", text: event.text };
  }
}
