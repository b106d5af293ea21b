/** HTML in two languages at once. */
import type { Words } from "../../../curate/stats/index.js";
import { type Markup, markup } from "../../../util/markup.js";
import { type WordName, wordsOf } from "./words.js";

/** A text in both languages, of which the page shows one. */
export function both(words: Words): Markup {
  if (words.en === words.zh) return markup`${words.en}`;
  return markup`<span class="en" lang="en">${words.en}</span><span class="zh" lang="zh-CN">${words.zh}</span>`;
}

export function say(name: WordName): Markup {
  return both(wordsOf(name));
}
