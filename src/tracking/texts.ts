/** The texts of a run, for trackers that show texts by name and step. */
import type { EventRow } from "../train/index.js";

export interface NamedText {
  name: string;
  /** What the model was asked, or how often. */
  caption: string;
  text: string;
  /** Whether the answer was cut at its length limit. */
  isCut: boolean;
}

/**
 * @returns a function that takes each row in turn and gives its text, if it has one. A step has one text
 *   for each prompt, so they are numbered within it, and one for the dialogue.
 */
export function textReader(): (row: EventRow) => NamedText | undefined {
  let step = -1;
  let count = 0;
  return (row) => {
    if (row.type === "dialogue") {
      const lines = row.turns.map(({ user, text }) => `User: ${user}\nAssistant: ${text}`);
      const caption = `${row.turns.length} turns`;
      return { name: "dialogue", caption, text: lines.join("\n\n"), isCut: false };
    }
    if (row.type !== "sample") return undefined;
    count = row.step === step ? count + 1 : 1;
    step = row.step;
    const { prompt, text, finish_reason } = row;
    return { name: `sample/${count}`, caption: prompt, text, isCut: finish_reason === "length" };
  };
}
