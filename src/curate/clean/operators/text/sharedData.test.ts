/** What the operators for conversations do on the real files, where the machine has them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openConversations } from "../../../../data/conversationSource.js";
import { sharedConversations } from "../../../../data/testFiles.js";
import { type CanonicalRow, type CleanOperator, isRejection } from "../../operator.js";
import { textOperators } from "./index.js";

const there = existsSync(sharedConversations);
const why = there ? "" : ` (skipped: ${sharedConversations} is not there)`;

async function rowsOf(name: string): Promise<CanonicalRow[]> {
  const source = await openConversations([join(sharedConversations, name)]);
  const rows: CanonicalRow[] = [];
  for (let row = 0; row < source.rows; row++) {
    rows.push({ messages: (await source.read(row)).messages, rest: {} });
  }
  await source.close();
  return rows;
}

/** Number of rows that an operator changes or leaves out. */
async function touched(operator: CleanOperator, rows: readonly CanonicalRow[]): Promise<number> {
  const run = operator.prepare(operator.options.parse({}));
  let count = 0;
  for (const row of rows) {
    const result = await run(row);
    if (isRejection(result) || result !== row) count++;
  }
  return count;
}

describe.skipIf(!there)(`real conversations${why}`, () => {
  test("MOSS and Alpaca in Chinese: nobody's data, nothing lost, little to repair", {
    timeout: 60_000,
  }, async () => {
    const rows = [
      ...(await rowsOf("moss-003-sft-no-tools.sample.jsonl")),
      ...(await rowsOf("alpaca_zh_demo.json")),
    ];
    const counts: Record<string, number> = {};
    for (const operator of textOperators) {
      if (/flagged|c4|fineweb|gopher/.test(operator.name)) continue;
      const count = await touched(operator, rows);
      if (count > 0) counts[operator.name] = count;
    }
    expect(counts).toEqual({
      convert_chinese: 19,
      normalize_whitespace: 156,
      remove_emoji: 2,
      remove_html: 1,
      remove_urls: 15,
      replace_urls: 15,
    });
  });
});
