/** Markdown of which nothing that is put into it changes the structure. */

/** Text inside a paragraph or a cell. */
export function plain(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ").replace(/[\\`*_[\]<>|#~]/g, "\\$&");
}

/** Text as code. */
export function code(text: string): string {
  const inside = text.replace(/[\r\n\t]+/g, " ");
  const longest = Math.max(0, ...[...inside.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = /^`|`$/.test(inside) ? " " : "";
  return `${fence}${space}${inside}${space}${fence}`;
}

/** A table; its cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // A bar ends a cell even in code.
  const cell = (text: string) => text.replace(/(?<!\\)\|/g, "\\|");
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
