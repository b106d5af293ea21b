/** The texts of a run, for trackers that show texts by name and step. */
import type { EventRow } from "../train/index.js";

export interface NamedText {
  name: string;
  /** What the model was asked. */
  caption: string;
  text: string;
  /** Whether the answer was cut at its length limit. */
  isCut: boolean;
}

/**
 * @returns a function that takes each row in turn and gives its text, if it has one. A step has one text
 *   for each prompt, so they are numbered within it.
 */
export function textReader(): (row: EventRow) => NamedText | undefined {
  let step = -1;
  let count = 0;
  return (row) => {
    if (row.type !== "sample") return undefined;
    count = row.step === step ? count + 1 : 1;
    step = row.step;
    const { prompt, text, finish_reason } = row;
    return { name: `sample/${count}`, caption: prompt, text, isCut: finish_reason === "length" };
  };
}
