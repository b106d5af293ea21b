/** An encoded conversation as text for a terminal: learnt tokens stand out, special ones show. */
import type { EncodedConversation, Tokenizer } from "../../text/index.js";
import { visibleText } from "../../util/visibleText.js";

const csi = "\u001b[";
const learnt = `${csi}32m`;
const context = `${csi}2m`;
const special = `${csi}7m`;
const reset = `${csi}0m`;

/** One line that says how to read what follows. */
export function previewLegend(color: boolean): string {
  return color
    ? `${learnt}learnt${reset}  ${context}context, not learnt${reset}  ${special}special token${reset}`
    : "⟦learnt⟧  context, not learnt";
}

/** @param color ANSI colours, or ⟦brackets⟧ around what is learnt */
export function renderTokens(
  { inputIds, labels }: Pick<EncodedConversation, "inputIds" | "labels">,
  tokenizer: Tokenizer,
  color: boolean,
): string {
  let text = "";
  let at = 0;
  while (at < inputIds.length) {
    const isLearnt = labels[at] !== -100;
    const isSpecial = tokenizer.specialTokenIds.has(inputIds[at]!);
    let end = at + 1;
    while (
      end < inputIds.length &&
      (labels[end] !== -100) === isLearnt &&
      (!color || tokenizer.specialTokenIds.has(inputIds[end]!) === isSpecial)
    ) {
      end++;
    }
    const piece = visibleText(tokenizer.decode(inputIds.subarray(at, end)));
    if (color) text += paint(piece, (isLearnt ? learnt : context) + (isSpecial ? special : ""));
    else text += isLearnt ? `⟦${piece}⟧` : piece;
    at = end;
  }
  return text;
}

/** Colours line by line, so that a pager which shows part of the text shows it right. */
function paint(text: string, style: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `${style}${line}${reset}`))
    .join("\n");
}
