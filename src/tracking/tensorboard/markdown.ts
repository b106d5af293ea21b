/**
 * Texts as TensorBoard's page shows them. It renders Markdown without raw HTML, which would swallow line
 * breaks and whatever looks like a tag, such as `<|im_end|>`; in a code block each character is kept.
 */
import type { NamedText } from "../texts.js";

/** A text as a code block of Markdown; JSON stays JSON in it. */
export function asCode(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

/** What the model was asked and what it answered. */
export function answerText({ caption, text, isCut }: NamedText): string {
  const heading = isCut ? "Answer (cut off)" : "Answer";
  return `**Prompt**\n\n${asCode(caption)}\n\n**${heading}**\n\n${asCode(text)}\n`;
}
