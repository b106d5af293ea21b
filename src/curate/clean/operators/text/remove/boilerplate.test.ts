import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { removeBoilerplateLines } from "./boilerplate.js";

const clean = (text: string, options = {}) => changed(removeBoilerplateLines, text, options);

test("lines that web pages put around text go, in Chinese and English", async () => {
  const lines = [
    "点击查看更多",
    ">>点击这里查看全文",
    "阅读全文 >>",
    "上一篇：如何学习编程",
    "长按识别二维码关注我们",
    "欢迎关注我们的微信公众号：好文",
    "分享到：微信 微博 QQ空间",
    "版权所有 © 2020 某某公司",
    "京ICP备12345678号-1",
    "未经许可，不得转载",
    "责任编辑：小王",
    "本网站使用 Cookies 以改善体验",
    "Read more…",
    "Click here to subscribe",
    "Share on Facebook",
    "We use cookies to improve your experience on our website.",
    "This website uses cookies.",
    "© 2018 Allergan. All rights reserved.",
    "Please enable JavaScript to view this page.",
    "Powered by WordPress",
    "Skip to main content",
    "Sign up for our weekly newsletter",
  ];
  for (const line of lines)
    expect(await clean(`正文第一段。\n${line}\n正文第二段。`)).toBe("正文第一段。\n正文第二段。");
});

test("sentences that speak of such things stay", async () => {
  const text = [
    "什么是隐私政策？网站为什么使用 cookies？",
    "翻译：点击查看更多",
    "Copyright law protects original works for 70 years.",
    "You can click here to see what a hyperlink looks like, and then read more about it.",
    "1. Privacy Policy",
    "关注健康很重要。",
    "上一页按钮的代码如下：",
    "How do cookies work? Websites use cookies to remember you.",
    "公众号运营的要点：",
    "本文来源于作者的亲身经历，讲述了一个故事。",
    "请点击“保存”按钮，然后查看结果。",
  ].join("\n");
  expect(await clean(text)).toBe(text);
});

test("a message that is nothing else stays, and so does code", async () => {
  for (const text of ["Read more", "```\n# Copyright 2020 Me\nRead more\n```"]) {
    expect(await clean(text)).toBe(text);
  }
});

test("options: one kind only, lines of one's own", async () => {
  const text = "正文\nRead more\n© 2020 X\n本站推荐";
  expect(await clean(text, { navigation: false })).toBe("正文\nRead more\n本站推荐");
  expect(await clean(text, { notices: false, lines: ["本站推荐"] })).toBe("正文\n© 2020 X");
});
