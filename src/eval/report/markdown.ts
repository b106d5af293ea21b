/** A report as Markdown: words and tables; charts are in the page only, their numbers are in tables. */
import { plain, table as tableOf } from "../../util/markdown.js";
import { type Block, textOf } from "./blocks.js";
import type { PageFrame } from "./page.js";

export function markdownOf(
  { title, subtitle, footer }: PageFrame,
  blocks: readonly Block[],
): string {
  const parts = [`# ${plain(title)}`, plain(subtitle), ...blocks.flatMap(partsOf), plain(footer)];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function partsOf(block: Block): string[] {
  switch (block.kind) {
    case "heading":
      return [`${"#".repeat(block.level)} ${plain(block.text)}`];
    case "paragraph":
      return [plain(block.text)];
    case "warning":
      return [`> ⚠ ${plain(block.text)}`];
    case "list":
      return [block.items.map((item) => `- ${plain(item)}`).join("\n")];
    case "table": {
      const { caption, columns, rows } = block.table;
      const head = columns.map(({ title }) => plain(title));
      return [
        `**${plain(caption)}**`,
        tableOf(
          head,
          rows.map((cells) => cells.map((cell) => plain(textOf(cell)))),
        ),
      ];
    }
    case "chart":
      return [];
    case "quote":
      return [`${plain(block.label)}:`, fenced(block.text)];
    case "beside":
      return block.columns.flatMap(({ label, text }) => [`${plain(label)}:`, fenced(text)]);
    case "details":
      return [
        `<details><summary>${plain(block.summary)}</summary>`,
        ...block.blocks.flatMap(partsOf),
        "</details>",
      ];
  }
}

/** A code block whose fence is longer than any run of backticks in it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const clean = text.replace(/\p{Control}/gu, (character) =>
    character === "\n" || character === "\t" ? character : "\ufffd",
  );
  return `${fence}text\n${clean}\n${fence}`;
}
