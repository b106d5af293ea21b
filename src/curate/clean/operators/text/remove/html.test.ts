import { expect, test } from "vitest";
import { changed, rowOf } from "../testRows.js";
import { removeHtml } from "./htmlOperator.js";

const clean = (text: string, options = {}) => changed(removeHtml, text, options);

test("tags go, blocks become lines, entities become characters", async () => {
  expect(
    await clean(
      '<div class="a"><p>第一段&nbsp;&amp; 更多</p><p>Second <b>bold</b><br/>line</p></div>',
    ),
  ).toBe("第一段 & 更多\nSecond bold\nline\n");
});

test("scripts, styles and comments go with their content", async () => {
  expect(await clean("a<script>var x = '<p>';</script>b<STYLE>p{}</STYLE >c<!-- note -->d")).toBe(
    "abcd",
  );
});

test("an open script or comment takes nothing with it", async () => {
  expect(await clean("a<script>b <!-- c")).toBe("ab <!-- c");
});

test("exponents and indices become characters, or stay", async () => {
  expect(await clean("x<sup>2</sup> + H<sub>2</sub>O + <sup>[note]</sup>")).toBe(
    "x² + H₂O + <sup>[note]</sup>",
  );
});

test("what only looks like a tag stays", async () => {
  for (const text of [
    "#include <stdio.h> List<String> vector<int> a<b",
    "if a <b and c> d, x < 3 > y, 1<p",
    "<think>嗯</think> <|Human|>: <eoh> <your name> <EMAIL>",
    "AT&T; R&D, a && b; &unknown;",
  ]) {
    expect(await clean(text)).toBe(text);
  }
});

test("a break in a table's row becomes a space", async () => {
  expect(await clean("| a<br>b | c |")).toBe("| a b | c |");
});

test("code stays, unless asked for", async () => {
  const text = "看：\n```\n<p>hi</p>\n```\n和 `<b>`";
  expect(await clean(text)).toBe(text);
  expect(await clean("`<b>x</b>`", { code: true })).toBe("`x`");
});

test("conversations about HTML stay", async () => {
  const run = removeHtml.prepare(removeHtml.options.parse({}));
  for (const question of ["怎么写一个网页？", "What is an HTML tag?", "写一个Vue组件"]) {
    const row = rowOf("<p>hello</p>", question);
    expect(run(row)).toBe(row);
  }
});

test("entities that would read as a tag or another entity stay; twice is the same as once", async () => {
  for (const text of [
    "&lt;b&gt;",
    "&amp;lt;",
    "a &lt; b &amp; c",
    "<p>x</p>&quot;y&quot; &#20320;&#x597d;",
    "&#x3c;b&#x3E; &LT;i&GT; &#x26;lt; &amp;eacute;",
    "&lt&semi; &&num;60; &lt&#59; &&#35;60;",
  ]) {
    const once = await clean(text);
    expect(await clean(once)).toBe(once);
  }
  expect(await clean("use &lt;b&gt; &amp;lt; ok &#20320;&#x597d;")).toBe(
    "use &lt;b&gt; &amp;lt; ok 你好",
  );
  expect(await clean("1 &lt; 2")).toBe("1 < 2");
  expect(await clean("&#x3c;b&#x3E; &LT;i&GT;")).toBe("&#x3c;b&#x3E; &LT;i&GT;");
  expect(await clean("caf&eacute;&emsp;&alpha;&nbsp;&le; &infin;")).toBe("café α ≤ ∞");
});
