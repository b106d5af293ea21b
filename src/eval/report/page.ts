/** A report as one HTML page that loads nothing and runs nothing. */
import { type Markup, markup } from "../../util/markup.js";
import type { Block, Cell, Chart, Column, Table } from "./blocks.js";
import { style } from "./style.js";
import type { Words } from "./words/index.js";

/** What surrounds the blocks. */
export interface PageFrame {
  title: string;
  /** Under the title. */
  subtitle: string;
  footer: string;
}

/** The page; all text in it is escaped, and its policy forbids scripts and requests. */
export function pageOf(frame: PageFrame, blocks: readonly Block[], words: Words): string {
  const { title, subtitle, footer } = frame;
  const titles = blocks.flatMap((block) =>
    block.kind === "heading" && block.level === 2 ? [block.text] : [],
  );
  const links = titles.map((text, i) => markup`<li><a href="#part-${i + 1}">${text}</a></li>\n`);
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return markup`<!doctype html>
<html lang="${words.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,"><title>${title}</title><style>${{ html: style }}</style></head><body>
<a class="skip" href="#main">${words.skip}</a>
<header><h1>${title}</h1><p>${subtitle}</p>
<nav aria-label="${words.contents}"><ul>
${links}</ul></nav></header>
<main id="main">
${sectionsOf(blocks, words)}</main>
<footer><p>${footer}</p></footer>
</body></html>
`.html;
}

/** Blocks from one heading of level 2 to the next are a section of that name. */
function sectionsOf(blocks: readonly Block[], words: Words): Markup[] {
  const starts = blocks.flatMap((block, i) =>
    block.kind === "heading" && block.level === 2 ? [i] : [],
  );
  const before = blocks.slice(0, starts[0] ?? blocks.length).map((block) => htmlOf(block, words));
  const sections = starts.map((start, i) => {
    const [first, ...rest] = blocks.slice(start, starts[i + 1] ?? blocks.length);
    const title = first!.kind === "heading" ? first!.text : "";
    const content = rest.map((block) => htmlOf(withoutEcho(block, title), words));
    return markup`<section aria-labelledby="part-${i + 1}"><h2 id="part-${i + 1}">${title}</h2>\n${content}</section>\n`;
  });
  return [...before, ...sections];
}

/** A table right under a heading of the same words need not show them again. */
function withoutEcho(block: Block, title: string): Block {
  if (block.kind !== "table" || block.table.caption !== title) return block;
  return { ...block, isEcho: true };
}

function htmlOf(block: Block, words: Words): Markup {
  switch (block.kind) {
    case "heading":
      return block.level === 2
        ? markup`<h2>${block.text}</h2>\n`
        : markup`<h3>${block.text}</h3>\n`;
    case "paragraph":
      return markup`<p>${block.text}</p>\n`;
    case "warning":
      return markup`<p class="warning" role="note">${block.text}</p>\n`;
    case "list":
      return markup`<ul>${block.items.map((item) => markup`<li>${item}</li>\n`)}</ul>\n`;
    case "table":
      return tableHtml(block.table, block.isEcho);
    case "chart":
      return chartHtml(block.chart);
    case "quote":
      return quoteHtml(block, words);
    case "beside": {
      const columns = block.columns.map((one) => markup`<div>${quoteHtml(one, words)}</div>`);
      return markup`<div class="beside">${columns}</div>\n`;
    }
    case "details":
      return markup`<details><summary>${block.summary}</summary>\n${block.blocks.map((inner) => htmlOf(inner, words))}</details>\n`;
  }
}

function quoteHtml({ label, text }: { label: string; text: string }, words: Words): Markup {
  return markup`<p class="label">${label}</p><pre lang="${languageOf(text, words)}">${text}</pre>\n`;
}

/** For fonts and screen readers, where it is not the page's own. */
function languageOf(text: string, { language }: Words): string {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja";
  if (/\p{Script=Han}/u.test(text)) return "zh-CN";
  return /\p{Script=Latin}/u.test(text) ? "en" : language;
}

/** Wide tables are scrolled by themselves, also with the keyboard. */
function tableHtml({ caption, columns, rows }: Table, isEcho = false): Markup {
  const head = columns.map(
    ({ title, isNumber }) =>
      markup`<th scope="col"${{ html: isNumber ? ' class="number"' : "" }}>${title}</th>`,
  );
  const body = rows.map(([first, ...cells]) => {
    const name = first === undefined ? markup`` : markup`<th scope="row">${cellText(first)}</th>`;
    return markup`<tr>${name}${cells.map((cell, i) => cellHtml(cell, columns[i + 1]))}</tr>\n`;
  });
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption${{ html: isEcho ? ' class="unseen"' : "" }}>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>\n`;
}

function cellText(cell: Cell): string | Markup {
  return typeof cell === "string" ? cell : markup`<span class="${cell.tone}">${cell.text}</span>`;
}

function cellHtml(cell: Cell, column: Column | undefined): Markup {
  const classes = column?.isNumber ? { html: ' class="number"' } : { html: "" };
  return markup`<td${classes}>${cellText(cell)}</td>`;
}

function chartHtml({ title, description, svg }: Chart): Markup {
  return markup`<figure><figcaption><strong>${title}</strong> · ${description}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="${title}">${svg}</div></figure>\n`;
}
