/** The reports of `data stats`: what a terminal shows, and a page that no row can break. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectStats, type StatsReport } from "../../../curate/stats/index.js";
import { bytes, percent, short } from "../../../util/figures.js";
import { markup } from "../../../util/markup.js";
import { textWidth } from "../../textWidth.js";
import { histogramChart } from "./charts.js";
import { htmlReport } from "./html.js";
import { terminalReport } from "./terminal.js";

const folder = mkdtempSync(path.join(tmpdir(), "tunewright-stats-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tokenizer = fileURLToPath(
  new URL("../../../../test/parity/fixtures/text/tiny-sentencepiece", import.meta.url),
);

const hostile = '</script><script>alert("1")</script><img src=x onerror=alert(2)>\u001b[2J{{<b>}}';
const turn = (question: string, answer: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});
const rows = [
  turn(hostile, "{{name}}</s>"),
  turn(hostile, "回答"),
  turn("请用中文介绍一下这个非常长的问题，".repeat(20), "好的。".repeat(100)),
  turn("请用中文介绍一下这个非常长的问题，".repeat(20), "好的。".repeat(100)),
  { messages: [] },
];

let report: StatsReport;
let plain: StatsReport;
beforeAll(async () => {
  const file = path.join(folder, `a-<long>-${"name".repeat(30)}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const other = path.join(folder, "数据.jsonl");
  writeFileSync(other, `${JSON.stringify(turn("你好", "你好！"))}\n`);
  const names = { name: "</title><script>", template: "vicuna", vocabulary: 1 };
  const specialTokensInText = "token" as const;
  const text = { path: tokenizer, template: "vicuna", specialTokensInText, names };
  report = await collectStats([file, other], { text, threads: 1 });
  plain = await collectStats([file, other], { threads: 1 });
});

describe("in the terminal", () => {
  test.each(["en", "zh"] as const)("no line is wider than 80 columns (%s)", (language) => {
    for (const one of [report, plain]) {
      const lines = terminalReport(one, { language, color: false, columns: 80 });
      const wide = lines.filter((line) => textWidth(line) > 80);
      expect(wide).toEqual([]);
      expect(lines.length).toBeGreaterThan(40);
    }
  });

  test("control characters of the data do not reach it, colours only where asked for", () => {
    const text = terminalReport(report, { language: "en", color: false, columns: 80 }).join("\n");
    expect(text).not.toContain("\u001b");
    expect(text).toContain("\\x1b");
    const colored = terminalReport(report, { language: "en", color: true, columns: 80 });
    expect(colored.join("\n")).toContain("\u001b[1mOverview\u001b[0m");
  });

  test("says what stands out", () => {
    const text = terminalReport(report, { language: "en", color: false, columns: 80 })
      .join(" ")
      .replace(/\s+/g, " ");
    expect(text).toContain("1 row (16.7 %) cannot be trained on.");
    expect(text).toContain("placeholders that were not replaced, for example {{name}}");
    expect(text).toContain("</s> occurs in the texts of 1 row,");
    expect(text).toContain("20.0 % are exact duplicates");
  });
});

describe("as a page", () => {
  test("is one file that asks for nothing and that no row can break out of", () => {
    for (const one of [report, plain]) {
      const html = htmlReport(one, "en");
      expect(html.match(/<script>/g)).toHaveLength(1);
      expect(html.match(/<\/script>/g)).toHaveLength(1);
      expect(html).not.toContain("<img");
      expect(html).toContain("&lt;/script&gt;&lt;script&gt;alert(&quot;1&quot;)");
      expect(html).not.toMatch(/<[^>]*\s(?:src|href)=|url\(|@import|https?:/);
      expect(html).not.toContain("\u001b");
      expect(html).toContain("default-src 'none'");
    }
  });

  test("its elements are closed in order", () => {
    const html = htmlReport(report, "zh").replace(/<(style|script)>[\s\S]*?<\/\1>/g, "");
    const open: string[] = [];
    const voids = new Set(["meta", "br", "!doctype"]);
    for (const [, slash, name, self] of html.matchAll(/<(\/?)([a-z!0-9]+)[^<>]*?(\/?)>/g)) {
      if (voids.has(name!) || self) continue;
      if (slash) expect(open.pop()).toBe(name);
      else open.push(name!);
    }
    expect(open).toEqual([]);
  });

  test("holds both languages and shows the one asked for first", () => {
    expect(htmlReport(report, "zh")).toContain('<html lang="zh-CN" data-language="zh">');
    expect(htmlReport(report, "en")).toContain('<html lang="en" data-language="en">');
    for (const text of ["重复（估计）", "Duplicates (estimate)"]) {
      expect(htmlReport(report, "en")).toContain(text);
    }
  });
});

test("a lone column is no wider than others are, and its mark is inside", () => {
  const one = { from: 28, to: 30, count: 1 };
  const lengths = { min: 29, mean: 29, p50: 29, p90: 29, p95: 29, p99: 29, max: 29 };
  const { html } = histogramChart({ ...lengths, count: 1, sum: 29, histogram: [one] });
  const [, from, width] = /<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"/.exec(html)!.map(Number);
  const mark = Number(/<line class="mark" x1="([\d.]+)"/.exec(html)![1]);
  expect(width).toBeLessThan(100);
  expect(mark).toBeGreaterThan(from!);
  expect(mark).toBeLessThan(from! + width!);
});

test("what does not fit says that it goes on", () => {
  const refused = Array.from({ length: 35 }, (_, index) => ({
    reason: `reason ${index}`,
    rows: 1,
    places: [{ file: "a.jsonl", line: index + 1 }],
  }));
  const many = { ...report, total: { ...report.total, refused } };
  const lines = terminalReport(many, { language: "en", color: false, columns: 80 });
  expect(lines).toContain("  … 15 more reasons");
  expect(htmlReport(many, "en")).toContain("… 5 <span");
  const [prompt] = report.first_prompts.filter(({ text }) => text.startsWith("请用中文"));
  expect([...prompt!.text]).toHaveLength(201);
  expect(prompt!.text.endsWith("…")).toBe(true);
});

test("where every row is refused, there is nothing of roles", async () => {
  const file = path.join(folder, "refused.jsonl");
  writeFileSync(file, '{"messages":[]}\n');
  const html = htmlReport(await collectStats([file], { threads: 1 }), "en");
  expect(html).not.toContain("Messages by role");
  expect(html).not.toContain("NaN");
});

test("markup escapes what is put in, in text and in attributes", () => {
  const value = `"'<&>`;
  expect(markup`<a title="${value}">${value}${markup`<b>${1}</b>`}</a>`.html).toBe(
    '<a title="&quot;&#39;&lt;&amp;&gt;">&quot;&#39;&lt;&amp;&gt;<b>1</b></a>',
  );
  expect(markup`${"\ud800a\u0000"}`.html).toBe("\ufffda\ufffd");
});

test("figures are short and do not round to what is not so", () => {
  expect([0, 0.0005, 0.5, 0.9999, 1].map(percent)).toEqual([
    "0 %",
    "< 0.1 %",
    "50.0 %",
    "> 99.9 %",
    "100.0 %",
  ]);
  expect([999, 12_345, 1_571_022, 2e9].map(short)).toEqual(["999", "12.3 k", "1.57 M", "2 G"]);
  expect([5, 1500, 8.7e9].map(bytes)).toEqual(["5 B", "1.5 kB", "8.7 GB"]);
});
