/** Reasoning split off from answers while they are being written. */
import { reasoningTags } from "./reasoning.js";
import { textOf } from "./segmentText.js";
import type { ChatTemplate, Message } from "./types.js";

/** What a model writes around its reasoning. */
export interface ReasoningMarks {
  opening: string;
  closing: string;
}

const known = new WeakMap<ChatTemplate, { marks: ReasoningMarks | undefined }>();

/**
 * The marks of a template's reasoning: those in which it writes a made-up one, which it opens for the model, or
 * which it takes out of earlier turns. Undefined where it knows none: then answers are given as they are.
 */
export function reasoningMarksOf(template: ChatTemplate): ReasoningMarks | undefined {
  const found = known.get(template) ?? { marks: probe(template) };
  known.set(template, found);
  return found.marks;
}

const [thought, answer] = ["tunewright thought", "tunewright answer"];
const question: Message = { role: "user", content: "question" };

function probe(template: ChatTemplate): ReasoningMarks | undefined {
  const render = (messages: Message[], addGenerationPrompt = false) => {
    try {
      return textOf(template.render(messages, { addGenerationPrompt, promptOnly: true }));
    } catch {
      return "";
    }
  };
  const keyed = render([
    question,
    { role: "assistant", content: answer, reasoning_content: thought, thinking: thought },
  ]);
  const written = keyed.slice(0, Math.max(0, keyed.indexOf(thought))).trimEnd();
  const prompt = render([question], true).trimEnd();
  return (
    reasoningTags.find(({ opening }) => written.endsWith(opening)) ??
    reasoningTags.find(({ opening }) => prompt.endsWith(opening)) ??
    reasoningTags.find(({ opening, closing }) => {
      const content = `${opening}\n${thought}\n${closing}\n\n${answer}`;
      const text = render([question, { role: "assistant", content }, question]);
      return text.includes(answer) && !text.includes(thought);
    })
  );
}

/** A piece of an answer. */
export interface AnswerPiece {
  kind: "reasoning" | "text";
  text: string;
}

export interface ReasoningSplitter {
  push(text: string): AnswerPiece[];
  /** The answer is over: what was held back. */
  finish(): AnswerPiece[];
}

/**
 * Splits an answer into reasoning and the rest. White space at the marks is left out, and a mark is never given out.
 * @param marks of the template; undefined for an answer without reasoning
 * @param prompt the end of what was rendered, which may have opened the reasoning (`<think>`)
 */
export function createReasoningSplitter(
  marks: ReasoningMarks | undefined,
  prompt: string,
): ReasoningSplitter {
  let held = "";
  let place: "start" | "reasoning" | "behind" | "text" = "start";
  /** Whether reasoning was given out already, so that white space belongs to it. */
  let begun = false;
  if (!marks) place = "text";
  else if (prompt.trimEnd().endsWith(marks.opening)) place = "reasoning";

  const read = (isLast: boolean): AnswerPiece[] => {
    const pieces: AnswerPiece[] = [];
    const give = (kind: AnswerPiece["kind"], text: string) => {
      if (text !== "") pieces.push({ kind, text });
    };
    if (marks && place === "start") {
      const start = held.trimStart();
      if (start.startsWith(marks.opening)) {
        held = start.slice(marks.opening.length);
        place = "reasoning";
      } else if (isLast || !marks.opening.startsWith(start)) place = "text";
    }
    if (marks && place === "reasoning") {
      if (!begun) held = held.trimStart();
      const end = held.indexOf(marks.closing);
      if (end >= 0) {
        give("reasoning", held.slice(0, end).trimEnd());
        held = held.slice(end + marks.closing.length);
        place = "behind";
      } else {
        const certain = isLast ? held.trimEnd().length : certainLength(held, marks.closing);
        give("reasoning", held.slice(0, certain));
        begun ||= certain > 0;
        held = isLast ? "" : held.slice(certain);
      }
    }
    if (place === "behind") {
      held = held.trimStart();
      if (held !== "") place = "text";
    }
    if (place === "text") {
      give("text", held);
      held = "";
    }
    return pieces;
  };

  return {
    push(text) {
      held += text;
      return read(false);
    },
    finish: () => read(true),
  };
}

/** Length of the beginning of `text` that no mark and no white space before one can reach. */
function certainLength(text: string, mark: string): number {
  let length = Math.min(mark.length - 1, text.length);
  while (length > 0 && !mark.startsWith(text.slice(text.length - length))) length--;
  return text.slice(0, text.length - length).trimEnd().length;
}
