/**
 * How much slower is reading rows exactly than `JSON.parse`? Times a row of ordinary text, one that
 * looks odd inside its texts, and one with numbers that need care; the ratio is of the same run.
 *
 *     npx tsx bench/data/json.ts
 */
import { parseJson, stringifyJson } from "../../src/util/json/index.js";

const words = 'The quick brown fox said: "10" costs 3.50, [1e5] does not.\n你好，世界。'.repeat(20);
const turn = [
  { role: "user", content: words },
  { role: "assistant", content: words },
];
const call = { city: "Lund", days: 3, by: { temperature: 20.5, hour: 1e-7 } };
const tool = { role: "assistant", tool_calls: [{ function: { name: "f", arguments: call } }] };

const rows = {
  "4 messages of text": { messages: [...turn, ...turn] },
  "200 short messages": {
    messages: Array(100)
      .fill([
        { role: "user", content: "hi" },
        { role: "assistant", content: "ok" },
      ])
      .flat(),
  },
  "text and a float": { messages: turn, score: 0.5 },
  "20 calls with floats": { messages: Array(20).fill(tool) },
};

/** Nanoseconds a call, the best of several spans. */
function time(job: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let span = 0; span < 15; span++) {
    const times = 300;
    const start = process.hrtime.bigint();
    for (let at = 0; at < times; at++) job();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / times);
  }
  return best;
}

/** As rows were read before: large integers were looked for, and nothing else. */
const before = (text: string) => {
  const value: unknown = JSON.parse(text);
  return /\d{16}/.test(text) ? undefined : value;
};

for (const [name, row] of Object.entries(rows)) {
  const text = JSON.stringify(row);
  const value = parseJson(text);
  const read = [() => JSON.parse(text), () => before(text), () => parseJson(text)].map(time);
  const written = [() => JSON.stringify(row), () => stringifyJson(value)].map(time);
  const [plain, old, exact] = read as [number, number, number];
  const megabytes = (text.length / exact) * 1e3;
  console.log(
    `${name}: read ${(exact / plain).toFixed(2)} times JSON.parse (before: ${(old / plain).toFixed(2)}), ` +
      `${megabytes.toFixed(0)} MB/s; written ${(written[1]! / written[0]!).toFixed(2)} times JSON.stringify`,
  );
}
