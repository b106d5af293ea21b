import { describe, expect, test } from "vitest";
import { isRejection } from "../../../operator.js";
import { changed } from "../testRows.js";
import { cleanC4Lines, filterC4 } from "./c4.js";
import { filterFineweb } from "./fineweb.js";
import { filterGopherQuality } from "./gopherQuality.js";
import { filterGopherRepetition } from "./gopherRepetition.js";

/** A page is one text, without a question. */
async function reason(operator: typeof filterC4, text: string, options = {}) {
  const row = { messages: [{ role: "assistant" as const, content: text }], rest: {} };
  const result = await operator.prepare(operator.options.parse(options))(row);
  return isRejection(result) ? result.reason : null;
}

const article = `The museum opened its doors in the spring of 1921 with a small collection of paintings.
Over the years it has grown to be one of the largest in the country, and visitors come from far away.
Its newest wing was designed by a young architect who had won a competition held in the city.
Most of the rooms are devoted to landscapes, but there is a hall with sculptures as well.
Tickets can be bought at the entrance, and children are admitted free of charge on Sundays.`;
const chinese = `这座博物馆于一九二一年春天开放，最初只有少量绘画作品供人参观。
多年以来它不断扩建，如今已经成为全国规模最大的博物馆之一，游客从各地赶来。
最新的展厅由一位年轻的建筑师设计，他在市里举办的竞赛中获得了第一名。
大部分展室陈列的是风景画，不过也有一个大厅专门展出雕塑和陶器。
门票可以在入口处购买，儿童在星期日可以免费入场，老人也有优惠。`;

describe("Gopher's quality rules", () => {
  test("pages in English and Chinese pass", async () => {
    expect(await reason(filterGopherQuality, article)).toBe(null);
    expect(await reason(filterGopherQuality, chinese)).toBe(null);
  });

  test("each rule has its reason", async () => {
    const words = (word: string) => Array(60).fill(word).join(" ");
    expect(await reason(filterGopherQuality, "Too short.")).toBe("words 2 < 50");
    expect(await reason(filterGopherQuality, words("a"))).toBe("mean word length 1 < 3");
    expect(await reason(filterGopherQuality, words("incomprehensibilities"))).toBe(
      "mean word length 21 > 10",
    );
    expect(await reason(filterGopherQuality, `${article} ${"#".repeat(20)}`)).toMatch(
      /^hash signs per word/,
    );
    expect(
      await reason(filterGopherQuality, article.replaceAll("\n", "\n• ").replace(/^/, "• ")),
    ).toMatch(/^bullet lines 1 > 0.9/);
    expect(await reason(filterGopherQuality, article.replaceAll(".\n", "...\n"))).toMatch(
      /^lines ending in an ellipsis 0\.80 > 0\.3/,
    );
    expect(await reason(filterGopherQuality, words("1234 567 word"))).toMatch(
      /^words with a letter 0\.33/,
    );
    expect(await reason(filterGopherQuality, words("lorem ipsum"))).toBe("stop words 0 < 2");
  });
});

describe("Gopher's repetition rules", () => {
  test("pages pass", async () => {
    expect(await reason(filterGopherRepetition, article)).toBe(null);
    expect(await reason(filterGopherRepetition, chinese)).toBe(null);
  });

  test("repeated lines, paragraphs and n-grams are left out", async () => {
    expect(await reason(filterGopherRepetition, "一行\n一行\n两行")).toMatch(/repeated lines/);
    expect(await reason(filterGopherRepetition, "一段\n\n一段\n\n两段")).toMatch(
      /^repeated paragraphs 0\.33\d* > 0\.3/,
    );
    expect(await reason(filterGopherRepetition, "buy now ".repeat(20))).toMatch(
      /^characters in the top 2-gram/,
    );
    const options = { top_ngrams: {} };
    const loop = "one two three four five six seven eight nine ten. ".repeat(5);
    expect(await reason(filterGopherRepetition, loop, options)).toMatch(
      /^characters in repeated 5-grams/,
    );
  });
});

describe("C4's rules", () => {
  test("only lines that are sentences stay", async () => {
    const page = `Menu\nHome | About\n${article}\nPlease enable Javascript to go on.\nRead our privacy policy before you go on.\nToo few.\n结尾是一句完整的话。[1]\n没有结尾的一行`;
    expect(await changed(cleanC4Lines, page)).toBe(`${article}\n结尾是一句完整的话。`);
  });

  test("pages with lorem ipsum, brackets or few sentences are left out", async () => {
    expect(await reason(filterC4, article)).toBe(null);
    expect(await reason(filterC4, chinese)).toBe(null);
    expect(await reason(filterC4, `${article} Lorem ipsum dolor.`)).toBe("lorem ipsum");
    expect(await reason(filterC4, `${article} { x }`)).toBe("a curly bracket");
    expect(await reason(filterC4, "One. Two.")).toBe("sentences 2 < 5");
  });
});

describe("FineWeb's rules", () => {
  test("pages pass, lists and repeated lines are left out", async () => {
    expect(await reason(filterFineweb, article)).toBe(null);
    expect(await reason(filterFineweb, chinese)).toBe(null);
    expect(await reason(filterFineweb, article.replaceAll(".", ""))).toBe(
      "lines that end in punctuation 0 < 0.12",
    );
    expect(await reason(filterFineweb, "Short.\nLines.\nOnly.\nHere.")).toBe(
      "short lines 1 > 0.67",
    );
    expect(await reason(filterFineweb, `${article}\n${article}`)).toMatch(
      /^characters in repeated lines 0\.\d+ > 0\.01/,
    );
    expect(
      await reason(
        filterFineweb,
        "x.\n\n\n".repeat(2) + "A line that is long enough to be no short line.\n".repeat(1),
        { maximum_short_lines: null },
      ),
    ).toMatch(/repeated lines|line breaks per word/);
  });
});
