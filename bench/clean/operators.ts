/**
 * What each text operator changes and leaves out on given files, and its speed in characters a
 * second on one thread. Rows of plain text count as one answer.
 *
 *   npx tsx bench/clean/operators.ts [--only NAME] [--show N] [--rows N] FILE...
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type CanonicalRow,
  type CleanOperator,
  isRejection,
} from "../../src/curate/clean/operator.js";
import { textOperators } from "../../src/curate/clean/operators/text/index.js";
import { openConversations } from "../../src/data/conversationSource.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    show: { type: "string", default: "0" },
    rows: { type: "string", default: "100000" },
  },
});

const rows: CanonicalRow[] = [];
for (const file of positionals) rows.push(...(await readRows(file)).slice(0, Number(values.rows)));
const characters = rows.reduce((sum, row) => sum + textOf(row).length, 0);
process.stdout.write(`${rows.length} rows, ${(characters / 1e6).toFixed(2)} million characters\n`);
process.stdout.write("operator                        changed  left out   million characters/s\n");
for (const operator of textOperators) {
  if (values.only ? operator.name === values.only : operator.name !== "filter_flagged_words") {
    await measure(operator);
  }
}

async function measure(operator: CleanOperator): Promise<void> {
  const given = operator.name === "filter_flagged_words" ? { words: ["赌博", "damn"] } : {};
  const clean = operator.prepare(operator.options.parse(given));
  await clean(rows[0]!);
  const begin = performance.now();
  const results = [];
  for (const row of rows) {
    const result = clean(row);
    results.push(result instanceof Promise ? await result : result);
  }
  const seconds = (performance.now() - begin) / 1000;
  const left = results.filter(isRejection).length;
  const changed = results.filter((result, i) => !isRejection(result) && result !== rows[i]).length;
  process.stdout.write(
    `${operator.name.padEnd(30)} ${String(changed).padStart(8)} ${String(left).padStart(9)}` +
      ` ${(characters / 1e6 / seconds).toFixed(1).padStart(22)}\n`,
  );
  show(results);
}

/** Prints some rows that were left out or changed, with what differs. */
function show(results: readonly (CanonicalRow | { reason: string })[]): void {
  const found = results.flatMap((result, i) => (result === rows[i] ? [] : [{ result, i }]));
  const step = Math.max(1, Math.floor(found.length / Number(values.show)));
  for (const { result, i } of found
    .filter((_, n) => n % step === 0)
    .slice(0, Number(values.show))) {
    const row = rows[i]!;
    if (isRejection(result)) {
      process.stdout.write(
        `  #${i} ${result.reason}: ${JSON.stringify(textOf(row).slice(0, 700))}\n`,
      );
      continue;
    }
    for (const [m, { content }] of row.messages.entries()) {
      const next = (result as CanonicalRow).messages[m]!.content;
      if (next !== content) process.stdout.write(`  #${i} ${difference(content, next)}\n`);
    }
  }
}

/** The first place where two texts differ, with what is around it. */
function difference(before: string, after: string): string {
  let start = 0;
  while (before[start] === after[start] && start < before.length) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const cut = (text: string) =>
    JSON.stringify(
      text.slice(Math.max(0, start - 40), Math.min(text.length - tail + 30, start + 160)),
    );
  return `${cut(before)} -> ${cut(after)}`;
}

function textOf(row: CanonicalRow): string {
  return row.messages.map(({ content }) => content).join("\n");
}

async function readRows(file: string): Promise<CanonicalRow[]> {
  const lines = file.endsWith(".jsonl") ? readFileSync(file, "utf8").trim().split("\n") : [];
  if (lines[0]?.includes('"text"')) {
    return lines.map((line) => {
      const content = (JSON.parse(line) as { text: string }).text;
      return { messages: [{ role: "assistant", content }], rest: {} };
    });
  }
  const source = await openConversations([file]);
  const read: CanonicalRow[] = [];
  for (let row = 0; row < source.rows; row++) {
    const { messages } = await source.read(row);
    read.push({ messages, rest: {} });
  }
  await source.close();
  return read;
}
