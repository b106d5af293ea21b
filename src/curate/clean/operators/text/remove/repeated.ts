/** `remove_repeated_lines` and `remove_repeated_sentences`. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { characterClass, letter } from "../scan/characterClasses.js";
import { mapProse } from "../scan/codeSpans.js";

const scope = z
  .enum(["consecutive", "all"])
  .default("consecutive")
  .describe(
    "drop a repetition only directly after the first occurrence (keeps refrains), or anywhere in the message",
  );
const keep = z.int().min(1).default(1).describe("number of occurrences to keep");

/** Removes lines that are said again, outside code. Short lines and lines without letters stay. */
export const removeRepeatedLines = textChange({
  name: "remove_repeated_lines",
  summary: "remove lines that repeat the line before (or any line), outside code",
  options: z.strictObject({
    scope,
    keep,
    minimum_length: z
      .int()
      .min(1)
      .default(10)
      .describe("keep lines with fewer characters (table rows, verses, brackets)"),
  }),
  prepare: (options) => (text) =>
    mapProse(text, (prose) => withoutRepeats(prose.split("\n"), options).join("\n"), {
      inlineIsProse: true,
    }),
});

/**
 * Removes sentences that are said again, outside code: the loops of a model that would not stop.
 * data-juicer's counterpart is "remove_repeat_sentences_mapper".
 */
export const removeRepeatedSentences = textChange({
  name: "remove_repeated_sentences",
  summary: "remove sentences that repeat the sentence before (or any sentence), outside code",
  options: z.strictObject({
    scope,
    keep,
    minimum_length: z.int().min(1).default(10).describe("keep sentences with fewer characters"),
  }),
  prepare: (options) => (text) =>
    mapProse(text, (prose) => withoutRepeats(sentencesOf(prose), options).join(""), {
      inlineIsProse: true,
    }),
});

/** Sentences with their ends; joined they are the text. */
function sentencesOf(text: string): string[] {
  return text.split(/(?<=[。！？；!?\n]|[.;](?=\s))/);
}

interface Choices {
  scope: "consecutive" | "all";
  keep: number;
  minimum_length: number;
}

function withoutRepeats(pieces: readonly string[], choices: Choices): string[] {
  const seen = new Map<string, number>();
  return pieces.filter((piece) => {
    const key = piece.trim();
    if (key === "") return true;
    if (choices.scope === "consecutive" && !seen.has(key)) seen.clear();
    if (key.length < choices.minimum_length || !hasLetter(key)) return true;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count <= choices.keep;
  });
}

function hasLetter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (characterClass(text.charCodeAt(index)) & letter) return true;
  }
  return false;
}
