/** The page of an evaluation, in real Chromium: what it asks for, how wide it is, what stands out from its ground. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, expect, it } from "vitest";
import { reportPage } from "../../src/eval/index.js";
import { madeEvaluation } from "../../src/eval/testEvaluations.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-report-"));
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A browser that speaks to nobody. */
const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

const evil = '<img src="http://192.0.2.1/x"><script>document.title = "taken"</script>';

function writePage(name: string, language: "en" | "zh"): string {
  const task = { name: "a_subject_with_a_long_name_and_more", gold: "ABCD".repeat(10) };
  const question = (i: number) => `${evil} ${"雪是什么颜色的？".repeat(20)} ${i}`;
  const of = (answers: string) =>
    madeEvaluation([
      { ...task, answers, question },
      { name: "other", gold: "AB", answers: "AA" },
    ]);
  const file = path.join(work, name);
  const input = {
    base: of("A".repeat(40)),
    evaluation: of(`${"ABCA".repeat(7)}${"A".repeat(12)}`),
  };
  writeFileSync(file, reportPage(input, { language }));
  return pathToFileURL(file).href;
}

/** Lowest contrast of text with its ground, by WCAG 2.2's formula. */
function lowestContrast(tab: Page): Promise<number> {
  return tab.evaluate(() => {
    const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (colour: string) => {
      const [red, green, blue] = numbers(colour).map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    };
    const groundOf = (element: Element | null): string => {
      if (!element) return "rgb(255, 255, 255)";
      const colour = getComputedStyle(element).backgroundColor;
      return numbers(colour)[3] === 0 ? groundOf(element.parentElement) : colour;
    };
    const isText = (element: Element) =>
      [...element.childNodes].some(
        (node) => node.nodeType === 3 && node.textContent!.trim() !== "",
      );
    const contrasts = [...document.querySelectorAll("body *")].filter(isText).map((element) => {
      const style = getComputedStyle(element);
      const ink = element.closest("svg") ? style.fill : style.color;
      const [one, other] = [light(ink), light(groundOf(element))];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    });
    return Math.min(...contrasts);
  });
}

it.skipIf(!existsSync(browserPath))(
  `fits three widths in both themes, is read by contrast, and asks no server (needs ${browserPath})`,
  async () => {
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({ executablePath: browserPath, args: flags.split(" ") });
    try {
      for (const [width, colorScheme, language] of [
        [1200, "light", "en"],
        [768, "dark", "zh"],
        [390, "light", "zh"],
      ] as const) {
        const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        const faults: string[] = [];
        const asked: string[] = [];
        tab.on("console", (message) => faults.push(message.text()));
        tab.on("request", (request) => asked.push(request.url()));
        await tab.goto(writePage(`${width}.html`, language));
        for (const summary of await tab.locator("summary").all()) {
          if (await summary.isVisible()) await summary.press("Enter");
        }
        expect(await tab.locator("details[open]").count()).toBeGreaterThan(10);
        expect(await tab.evaluate("document.documentElement.scrollWidth")).toBe(width);
        expect(await lowestContrast(tab)).toBeGreaterThan(4.5);
        expect(await tab.title()).not.toBe("taken");
        expect(await tab.locator("img, main script").count()).toBe(0);
        expect(faults).toEqual([]);
        expect(asked.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
        await tab.close();
      }
    } finally {
      await browser.close();
    }
  },
  60_000,
);
