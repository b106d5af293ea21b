/** What holds for every text operator. */
import { describe, expect, test } from "vitest";
import { type CanonicalRow, isRejection } from "../../operator.js";
import { textOperators } from "./index.js";
import { rowOf } from "./testRows.js";

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

    /** A million characters each: time that grows with the square would be hours, not seconds. */
    test("no text is slow", { timeout: 60_000 }, async () => {
      const run = prepare();
      for (const piece of hostile) {
        const text = piece.repeat(Math.ceil(1e6 / piece.length));
        await run(rowOf(text, "q"));
        await run(rowOf(`${text}\u0100x`, "q"));
      }
    });
  },
);

const hostile = [
  "a",
  " ",
  "\n",
  "1",
  "。",
  "@",
  "a@",
  "a.",
  "<",
  "<a",
  "<a href=",
  "<!--",
  "<script>",
  "&",
  "&amp",
  "&lt;",
  "`",
  "``` ",
  "`a``b```",
  "[",
  "![",
  "[a](",
  "(",
  "https://",
  "http://a",
  "www.",
  "1.",
  "1.2.",
  ":",
  "a:",
  "1:",
  "1-",
  "1 ",
  "+1",
  "13812345678",
  "sk-",
  "eyJ",
  "://a:",
  "-----BEGIN PRIVATE KEY-----",
  "\u200d",
  "👨\u200d",
  "\ud800",
  "\u00e2\u20ac",
  "\u00c3\u00a9",
  "\u00c4\u00e3",
  "浣犲",
  "が",
  "繁体。",
  "#",
  "~~~\n",
  " a",
  "赌",
  "。。 ",
  "点击",
  "版权所有",
  "\u3000 ",
  "\u0301",
  "x<sup>",
  "1️⃣",
  "🇨",
];
