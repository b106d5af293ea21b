/** Data files on the page, in real Chromium, from the real server: rows of a large file, tokens, figures. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatsReport } from "../../../src/curate/stats/index.js";
import { writeTestModel } from "../../../src/generate/testModel.js";
import type { StatsReport as ShownReport } from "../../../web/src/data/stats/report.js";
import { hasBrowser, launchBrowser } from "../browser.js";
import { tunewright } from "../program.js";
import {
  expectAccessible,
  expectFaultless,
  openPage,
  type PageServer,
  startServer,
  views,
} from "./openPage.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-page-data-"));
const runs = path.join(work, "output");
const data = path.join(work, "data");
const largeRows = 300_000;
const template =
  "{% for message in messages %}{{ message.role }}: {{ message.content }}{{ eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}assistant: {% endif %}";
let server: PageServer;
let browser: Browser;
let ids: Record<string, string>;

const row = (question: string, answer: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});

function write(name: string, rows: readonly unknown[]): string {
  const file = path.join(data, name);
  writeFileSync(file, rows.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return file;
}

beforeAll(async () => {
  if (!hasBrowser) return;
  mkdirSync(runs);
  mkdirSync(data);
  const model = writeTestModel();
  cpSync(model, path.join(runs, "tiny"), { recursive: true });
  rmSync(model, { recursive: true });
  writeFileSync(path.join(runs, "tiny/chat_template.jinja"), template);
  const large = Array.from({ length: largeRows }, (_, i) =>
    row(`question ${i + 1}${i === 234_567 ? " with a needle" : ""}`, `answer ${i % 7}`),
  );
  write("large.jsonl", large);
  const raw = write("raw.jsonl", [
    ...["one", "two", "three"].map((name) => row(`What is ${name}?`, `This is ${name}, a number.`)),
    row("What is two?", "This is two, a number."),
    { messages: [] },
  ]);
  const out = path.join(data, "unique.jsonl");
  const { code, stderr } = await tunewright(["data", "dedup", raw, "--out", out]);
  expect(code, stderr).toBe(0);
  const tiny = `tiny=${path.join(runs, "tiny")}`;
  server = await startServer(["--quiet", "--runs", runs, "--data", data, "--model", tiny]);
  browser = await launchBrowser();
  const answer = await fetch(`${server.address}/api/data`);
  const { files } = (await answer.json()) as { files: { id: string; name: string }[] };
  ids = Object.fromEntries(files.map(({ name, id }) => [name, id]));
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(work, { recursive: true, force: true });
});

describe.skipIf(!hasBrowser)("data on the page", () => {
  it.each(views)("is accessible and faultless: $language, $theme, $width", async (view) => {
    const file = `#/data/${ids["unique.jsonl"]}`;
    const tabs = ["", "?tab=packed", "?tab=statistics", "?tab=removed"];
    const places = ["#/data", ...tabs.map((tab) => `${file}${tab}`)];
    await expectFaultless(browser, server.address, places, view);
  });

  it("is browsed by rows however many there are", async () => {
    const place = `#/data/${ids["large.jsonl"]}`;
    const { page, faults, close } = await openPage(browser, server.address, place);
    await page.getByText(`${largeRows.toLocaleString("en")} rows`).waitFor();
    await page.getByRole("textbox", { name: "Go to row" }).fill("250000");
    await page.getByRole("button", { name: "Go", exact: true }).click();
    await page.locator(".bubble", { hasText: "question 250000" }).waitFor();
    const list = page.getByRole("listbox");
    await list.press("ArrowDown");
    await page.locator(".bubble", { hasText: "question 250001" }).waitFor();
    await list.press("End");
    await page.locator(".bubble", { hasText: `question ${largeRows}` }).waitFor();
    expect(await page.getByRole("option").count()).toBeLessThan(60);
    const longest = (await page.evaluate(`(async () => {
      const element = document.querySelector(".virtual-list");
      let [before, slowest] = [performance.now(), 0];
      for (let i = 0; i < 60; i++) {
        element.scrollTop = (element.scrollHeight * i) / 60;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        slowest = Math.max(slowest, performance.now() - before);
        before = performance.now();
      }
      return slowest;
    })()`)) as number;
    console.log(`longest frame of scrolling through ${largeRows} rows: ${longest.toFixed()} ms`);
    await page.getByRole("searchbox").fill("A NEEDLE");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByText("1 row holds this text").waitFor();
    await page.locator(".bubble", { hasText: "question 234568 with a needle" }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("shows the tokens and labels that training reads", async () => {
    const place = `#/data/${ids["raw.jsonl"]}?row=1&view=tokens`;
    const { page, faults, close } = await openPage(browser, server.address, place);
    const { stdout } = await tunewright([
      "data",
      "preview",
      `${path.join(data, "raw.jsonl")}:2`,
      "--model",
      path.join(runs, "tiny"),
      "--json",
    ]);
    const [encoded] = (JSON.parse(stdout) as { rows: { labels: number[] }[] }).rows;
    const learnt = encoded!.labels.filter((label) => label !== -100).length;
    const all = encoded!.labels.length;
    await page.getByText(`${learnt} of ${all} tokens are learnt`).waitFor();
    const trained = page.locator(".tokens .token.trained");
    expect(await trained.count()).toBe(learnt);
    const tokens = page.getByRole("group", { name: /^Tokens of the row/ });
    await tokens.focus();
    await tokens.press("End");
    await page.getByText(`Token ${all} of ${all}`).waitFor();
    const length = page.getByRole("textbox", { name: "Longest sequence" });
    await length.fill("8");
    await length.press("Enter");
    await page.getByText(`Cut off here at 8 tokens: ${all - 8} more`).waitFor();
    expect(await page.locator(".tokens .token").count()).toBe(8);
    await expectAccessible(page);
    expect(faults).toEqual([]);
    await close();
  });

  it("says what deduplication removed, and what the figures mean", async () => {
    const file = `#/data/${ids["unique.jsonl"]}`;
    const removed = await openPage(browser, server.address, `${file}?tab=removed`);
    await removed.page.getByRole("button", { name: /duplicate 1/ }).click();
    await removed.page.locator(".removed-text", { hasText: "What is two?" }).waitFor();
    await removed.close();
    const { page, close } = await openPage(browser, server.address, `${file}?tab=statistics`);
    await page
      .getByRole("img", { name: /^Half are at most/ })
      .first()
      .waitFor();
    await page.getByText("What to know").waitFor();
    await close();
  });

  it("is counted in the figures that `data stats` prints", () => {
    const shown: (report: StatsReport) => ShownReport = (report) => report;
    expect(shown).toBeTypeOf("function");
  });
});
