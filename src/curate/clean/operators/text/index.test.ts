/** What holds for every text operator. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomNumbers } from "../../../../util/testRandom.js";
import { type CanonicalRow, isRejection } from "../../operator.js";
import { textOperators } from "./index.js";
import { hostile, pieces, rowOf } from "./testRows.js";

const page = readFileSync(
  new URL("../../../../../docs/cleaning-operators.md", import.meta.url),
  "utf8",
);
const needed: Record<string, object> = { filter_flagged_words: { words: ["aaab", "赌博"] } };

const rows: CanonicalRow[] = [
  rowOf(
    "好的，以下是建议：\n\n1. 多读书。\n2. 多练习，例如每天写 200 字。",
    "我该怎么提高写作能力？",
  ),
  rowOf(
    "Sure! Here is a short poem about the sea, with four lines.\n\nWaves come in\nand go away\nthe sand is thin\nat close of day",
    "Write a poem about the sea.",
  ),
  rowOf(
    "```python\ndef add(a, b):\n    return a + b\n```\n调用 `add(1, 2)` 得到 3。",
    "写一个加法函数",
  ),
  rowOf(
    "解：设 $x^2 + 2x + 1 = 0$，则 $(x+1)^2 = 0$，所以 x = -1。验证：(-1)² + 2×(-1) + 1 = 0 ✓",
    "解方程",
  ),
  rowOf("| 姓名 | 年龄 |\n|------|------|\n| 小王 | 20 |\n| 小李 | 21 |", "做一个表格"),
  rowOf("床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。", "背一首诗"),
];
const forWeb = /^(?:clean_c4|filter_c4|filter_fineweb|filter_gopher)/;

describe.each(textOperators.map((operator) => ({ name: operator.name, operator })))(
  "$name",
  ({ name, operator }) => {
    const prepare = (options: object = {}) =>
      operator.prepare(operator.options.parse({ ...needed[name], ...options }));

    test("describes itself and every option; refuses options it does not have", () => {
      expect(name).toMatch(/^[a-z0-9]+(_[a-z0-9]+)+$/);
      expect(operator.kind === "filter").toBe(name.startsWith("filter_"));
      const { shape } = operator.options as unknown as {
        shape: Record<string, { description?: string }>;
      };
      for (const [key, option] of Object.entries(shape)) {
        expect(key).toMatch(/^[a-z0-9_]+$/);
        expect(option.description, key).toBeTruthy();
      }
      expect(() => operator.options.parse({ no_such_option: 1 })).toThrow();
    });

    test("is on its page of the documentation, with its options", () => {
      const line = page.split("\n").find((one) => one.startsWith(`| \`${name}\` |`)) ?? "";
      const { roles, ...own } = operator.options.parse({}) as Record<string, unknown>;
      expect(roles).toBeInstanceOf(Array);
      for (const [key, value] of Object.entries(own)) {
        expect(line).toContain(`\`${key}\` ${JSON.stringify(value)}`);
      }
    });

    test.skipIf(forWeb.test(name))("leaves ordinary conversations as they are", async () => {
      const run = prepare();
      for (const row of rows) expect(await run(row)).toBe(row);
    });

    test("changes no row that it is given, and gives the same answer again", async () => {
      const dirty = rowOf(
        "\ufeff<p>a@qq.com</p>　😀 https://a.b/c 13812345678 繁體。繁體。\n点击查看更多",
      );
      const copy = structuredClone(dirty);
      const run = prepare();
      const first = await run(dirty);
      expect(dirty).toEqual(copy);
      expect(await run(dirty)).toEqual(first);
      if (operator.kind === "change" && !isRejection(first))
        expect(await run(first)).toEqual(first);
    });

    test("empty messages pass through", async () => {
      const run = prepare();
      const result = await run(rowOf("", ""));
      if (operator.kind === "change") expect(isRejection(result)).toBe(false);
    });

    test.skipIf(operator.kind === "filter")(
      "twice is the same as once, on random text",
      async () => {
        const run = prepare();
        const next = randomNumbers(11);
        for (let round = 0; round < 400; round++) {
          const text = Array.from({ length: 3 + next(14) }, () => pieces[next(pieces.length)]).join(
            "",
          );
          const once = await run(rowOf(text));
          if (isRejection(once)) throw new Error(once.reason);
          expect(await run(once), JSON.stringify(text)).toEqual(once);
        }
      },
    );

    /** Time that grows with the square of the length would be many minutes here. */
    test("no text is slow", { timeout: 60_000 }, async () => {
      const run = prepare();
      for (const [index, piece] of hostile.entries()) {
        const length = index < 4 ? 1e6 : 1e5;
        await run(rowOf(`${piece.repeat(Math.ceil(length / piece.length))}\u0100x`, "q"));
      }
    });
  },
);
