/** Which rows are the largest, where bytes do not tell tokens. */
import { expect, it } from "vitest";
import { largestRows } from "./largestRows.js";
import type { EncodedRow } from "./rowEncoder.js";

/** Rows by bytes and tokens; `null` cannot be trained on. */
function sourceOf(rows: readonly { bytes: number; tokens: number | null }[]) {
  const encoded = new Set<number>();
  const place = { file: "rows.jsonl", line: 1 };
  const one = (row: number): EncodedRow => {
    encoded.add(row);
    const { tokens } = rows[row]!;
    if (tokens === null) return { ok: true, source: place, sequences: [], dropped: "too long" };
    const inputIds = new Int32Array(tokens);
    const sequence = { inputIds, labels: inputIds, labelledTokens: tokens, truncated: false };
    return { ok: true, source: place, sequences: [sequence] };
  };
  return {
    source: { rows: rows.length, rowBytes: (row: number) => rows[row]!.bytes },
    encoder: { encode: async (numbers: readonly number[]) => numbers.map(one) },
    encoded,
  };
}

const lengthsOf = (rows: Awaited<ReturnType<typeof largestRows>>) =>
  rows.map((row) => row.map(({ inputIds }) => inputIds.length));

it("are found where rows with fewer bytes have more tokens", async () => {
  // English has four bytes a token; every tenth row is Chinese, with two, and half as long.
  const rows = Array.from({ length: 5000 }, (_, i) => {
    const tokens = 50 + ((i * 37) % 400);
    if (i % 10 !== 3) return { bytes: 4 * tokens, tokens };
    return { bytes: tokens + 200, tokens: (tokens + 200) >> 1 };
  });
  rows[4203] = { bytes: 1100, tokens: 700 };
  const { source, encoder, encoded } = sourceOf(rows);
  const all = rows.map(({ tokens }) => tokens).sort((one, other) => other - one);
  const found = await largestRows(source, encoder, 4);
  expect(lengthsOf(found)).toEqual(all.slice(0, 4).map((tokens) => [tokens]));
  expect(encoded.size).toBeLessThan(rows.length);
});

it("are those that can be trained on, behind longer ones that are dropped", async () => {
  const rows = Array.from({ length: 2000 }, (_, i) =>
    i < 600 ? { bytes: 9000 + i, tokens: null } : { bytes: 4 * (i % 100) + 40, tokens: i % 100 },
  );
  const { source, encoder } = sourceOf(rows);
  expect(lengthsOf(await largestRows(source, encoder, 2))).toEqual([[99], [99]]);
});

it("are looked for no longer than rows can be longer", async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => ({ bytes: 5000 + (i % 7), tokens: 1024 }));
  const { source, encoder, encoded } = sourceOf(rows);
  expect(lengthsOf(await largestRows(source, encoder, 3, 1024))).toEqual([[1024], [1024], [1024]]);
  expect(encoded.size).toBeLessThan(1000);
  expect(await largestRows({ ...source, rows: 0 }, encoder, 3)).toEqual([]);
});
