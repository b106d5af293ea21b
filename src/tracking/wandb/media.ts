/** Answers of the model as HTML, which W&B shows with a slider over steps (`wandb.Html`). */
import { createHash } from "node:crypto";
import type { NamedText } from "../texts.js";
import type { Items } from "./records.js";

/** A file below `files/`, and the values that point to it. */
export interface Media {
  readonly path: string;
  readonly content: string;
  readonly values: Items;
}

/** A text as a file. @param step the `_step` of the row, which wandb puts in the file's name */
export function mediaOf(text: NamedText, step: number): Media {
  const content = page(text);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const path = `media/html/${text.name}_${step}_${sha256.slice(0, 20)}.html`;
  const entries = { _type: "html-file", sha256, size: Buffer.byteLength(content), path };
  const values = Object.entries(entries).map(([key, value]) => ({ key: [text.name, key], value }));
  return { path, content, values };
}

function page({ caption, text, isCut }: NamedText): string {
  const answer = escapeHtml(isCut ? `${text} […]` : text);
  return (
    `<meta charset="utf-8">\n<p><b>${escapeHtml(caption)}</b></p>\n` +
    `<p style="white-space: pre-wrap">${answer}</p>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
