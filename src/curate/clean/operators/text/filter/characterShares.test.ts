import { expect, test } from "vitest";
import { reason } from "../testRows.js";
import { filterAlphanumeric, filterDigits, filterSpecialCharacters } from "./characterShares.js";

test("symbols are left out with the share", async () => {
  expect(await reason(filterSpecialCharacters, "★☆◆◇■□▲△●○★☆◆◇■□▲△●○ 你好")).toMatch(
    /^special characters 0\.8\d* > 0\.25$/,
  );
});

test("sums, tables, Markdown, Chinese punctuation and code are not special", async () => {
  for (const text of [
    "计算：(3+4)*5 = 35，35/7 = 5；因此 x = 5%。",
    "| 姓名 | 年龄 |\n|------|------|\n| 小王 | 20 |",
    "## 标题\n- **粗体**，《书名》……“引号”——破折号！？",
    "```\n{}[];:!@#$%^&*()★★★★★★★★★★★★★★★★★★★★★★\n```\n看上面的代码就可以了，谢谢大家",
    "∑∏",
  ]) {
    expect(await reason(filterSpecialCharacters, text)).toBe(null);
  }
});

test("data-juicer's definition counts digits, spaces and punctuation", async () => {
  const text = "1234567890, 1234567890, abc, 1234567890";
  expect(await reason(filterSpecialCharacters, text)).toBe(null);
  expect(await reason(filterSpecialCharacters, text, { definition: "data_juicer" })).toMatch(
    /special/,
  );
});

test("text without letters and digits is left out", async () => {
  expect(await reason(filterAlphanumeric, "……！！！？？？。。。——————……！！！？？？好")).toMatch(
    /^letters and digits 0\.0\d* < 0\.25$/,
  );
  expect(await reason(filterAlphanumeric, "这是一个普通的回答，没有什么特别的地方。")).toBe(null);
  expect(await reason(filterAlphanumeric, "！！！")).toBe(null);
});

test("dumps of digits are left out, an answer in digits passes", async () => {
  expect(await reason(filterDigits, "3.1415926535897932384626433832795")).toMatch(
    /^digits 0\.\d+ > 0\.5$/,
  );
  expect(await reason(filterDigits, "答案是 42，因为 6 × 7 = 42。")).toBe(null);
  expect(await reason(filterDigits, "13579")).toBe(null);
});
