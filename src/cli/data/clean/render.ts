/** A cleaning report as a table, and the rows of a dry run. */
import type { AffectedRow, CleanReport } from "../../../curate/clean/index.js";

/** One line per operator that had an effect, then the totals. */
export function reportTable(report: CleanReport): string {
  const header = ["operator", "removed", "changed", "characters removed", "characters added"];
  const active = report.operators.filter((entry) => entry.rows_rejected + entry.rows_changed > 0);
  const rows = active.map((entry) => [
    entry.operator,
    ...[
      entry.rows_rejected,
      entry.rows_changed,
      entry.characters_removed,
      entry.characters_added,
    ].map(String),
  ]);
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
      )
      .join("  "),
  );
  const {
    rows_in: rowsIn,
    rows_out: rowsOut,
    rows_rejected: rejected,
    rows_changed: changed,
  } = report;
  const idle = report.operators.length - active.length;
  if (idle > 0) lines.push(`(${idle} operators had no effect)`);
  lines.push(
    `${rowsIn} rows in = ${rowsOut} out (${changed} of them changed) + ${rejected} removed`,
  );
  return lines.join("\n");
}

/** Each affected row with what the operators did to it; ends with a blank line. */
export function dryRunLines(rows: readonly AffectedRow[]): string {
  const lines: string[] = [];
  for (const { file, line, changes, rejected } of rows) {
    lines.push(`${file}:${line}`);
    for (const { operator, before, after } of changes) {
      lines.push(`  ${operator}`, `    - ${oneLine(before)}`, `    + ${oneLine(after)}`);
    }
    if (rejected) {
      lines.push(`  removed by ${rejected.operator}: ${rejected.reason}`);
      if (rejected.text) lines.push(`    ${oneLine(rejected.text)}`);
    }
    lines.push("");
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Control characters are shown as escapes: a terminal would obey them. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    JSON.stringify(character)
      .slice(1, -1)
      .replace(/^[^\\]$/, escapeCode),
  );
}

function escapeCode(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
}
