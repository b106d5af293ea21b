/** Answers of the model as HTML, which W&B shows with a slider over steps (`wandb.Html`). */
import { createHash } from "node:crypto";
import type { EventRow } from "../../train/index.js";
import type { Items } from "./records.js";

/** Texts of a row under one name. */
interface Texts {
  readonly name: string;
  readonly turns: readonly { readonly user: string; readonly answer: string }[];
}

/** A file below `files/`, and the values that point to it. */
export interface Media {
  readonly path: string;
  readonly content: string;
  readonly values: Items;
}

/** Whether a row has texts to show. */
export function hasTexts(row: EventRow): boolean {
  return row.type === "sample";
}

/**
 * The texts of a row as a file.
 *
 * @param step the `_step` of the row, which wandb puts in the file's name
 * @param prompts `sample_prompts`: the answers to one question share a name, `samples/1` for the first
 */
export function mediaOf(row: EventRow, step: number, prompts: readonly string[]): Media[] {
  const texts = textsOf(row, prompts);
  if (!texts) return [];
  const content = page(texts);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const path = `media/html/${texts.name}_${step}_${sha256.slice(0, 20)}.html`;
  const entries = { _type: "html-file", sha256, size: Buffer.byteLength(content), path };
  const values = Object.entries(entries).map(([key, value]) => ({ key: [texts.name, key], value }));
  return [{ path, content, values }];
}

function textsOf(row: EventRow, prompts: readonly string[]): Texts | undefined {
  if (row.type !== "sample") return undefined;
  const number = prompts.indexOf(row.prompt) + 1;
  const answer = row.finish_reason === "length" ? `${row.text} […]` : row.text;
  return { name: `samples/${number}`, turns: [{ user: row.prompt, answer }] };
}

function page({ turns }: Texts): string {
  const shown = turns.map(
    ({ user, answer }) =>
      `<p><b>${escapeHtml(user)}</b></p>\n<p style="white-space: pre-wrap">${escapeHtml(answer)}</p>\n`,
  );
  return `<meta charset="utf-8">\n${shown.join("")}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
