/** An encoded conversation as text for a terminal; trained and special tokens are highlighted. */
import type { EncodedConversation, Tokenizer } from "../../text/index.js";
import { visibleText } from "../../util/visibleText.js";

const csi = "\u001b[";
const learnt = `${csi}32m`;
const context = `${csi}2m`;
const special = `${csi}7m`;
const reset = `${csi}0m`;

/** A one-line legend. */
export function previewLegend(color: boolean): string {
  return color
    ? `${learnt}trained on${reset}  ${context}context, not trained on${reset}  ${special}special token${reset}`
    : "⟦trained on⟧  context, not trained on";
}

/** @param color ANSI colors; otherwise ⟦brackets⟧ mark what is trained on */
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

/** Colors each line separately, so that it looks right in a pager that shows part of the text. */
function paint(text: string, style: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `${style}${line}${reset}`))
    .join("\n");
}
