import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { removeUrls, replaceUrls } from "./urls.js";

test("an address ends where Chinese or the sentence goes on", async () => {
  const replace = (text: string) => changed(replaceUrls, text);
  expect(await replace("请看https://a.com/b?c=1&d=2，谢谢。")).toBe("请看<URL>，谢谢。");
  expect(await replace("See http://a.org/x. Then (www.b.com/y_(z)), ok?")).toBe(
    "See <URL>. Then (<URL>), ok?",
  );
  expect(await replace("[文档](https://a.com/x) 与 <https://b.com>")).toBe(
    "[文档](<URL>) 与 <<URL>>",
  );
});

test("removing keeps the label of a link, and tidies only around the address", async () => {
  const remove = (text: string) => changed(removeUrls, text);
  expect(await remove("看 [Regex101](https://regex101.com/) 吧")).toBe("看 Regex101 吧");
  expect(await remove("图：![图](https://a.com/i.png)。官网（https://b.com）很好")).toBe(
    "图：。官网很好",
  );
  expect(await remove("Link: https://a.com\nnext  two  \n")).toBe("Link:\nnext  two  \n");
});

test("code, and text without addresses, stay", async () => {
  for (const text of [
    "`curl https://a.com`",
    "```\nwget http://x.y\n```",
    "https:// 与 www. 是前缀",
    "a [b](c) d",
  ]) {
    expect(await changed(removeUrls, text)).toBe(text);
  }
  expect(await changed(replaceUrls, "`https://a.com`", { code: true, replacement: "[链接]" })).toBe(
    "`[链接]`",
  );
});

test("twice is the same as once", async () => {
  for (const operator of [removeUrls, replaceUrls]) {
    const once = await changed(operator, "( https://a.com ) [x](http://b.c/d) www.e.fg/h。");
    expect(await changed(operator, once)).toBe(once);
  }
});
