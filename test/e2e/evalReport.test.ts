/** `eval report` as a process, and its page in real Chromium: requests, width, contrast. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { reportPage } from "../../src/eval/index.js";
import { madeEvaluation } from "../../src/eval/testEvaluations.js";
import { browserPath, hasBrowser, launchBrowser } from "./browser.js";
import { tunewright } from "./program.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-report-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

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

/** Runs in the page: the lowest contrast of text with its ground, by WCAG 2.2's formula. */
const lowestContrast = `{
  const numbers = (colour) => (colour.match(/[0-9.]+/g) ?? []).map(Number);
  const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
    return numbers(colour)[3] === 0 ? groundOf(element.parentElement) : colour;
  };
  const isText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  const contrasts = [...document.querySelectorAll("body *")].filter(isText).map((element) => {
    const style = getComputedStyle(element);
    const [one, other] = [element.closest("svg") ? style.fill : style.color, groundOf(element)].map(light);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
  Math.min(...contrasts);
}`;

function writeEvaluation(name: string, answers: string): string {
  const folder = path.join(work, name);
  mkdirSync(folder);
  const tasks = [{ name: "quiz", gold: "ABCD".repeat(10), answers }];
  const { samples, ...results } = madeEvaluation(tasks);
  writeFileSync(path.join(folder, "results.json"), JSON.stringify(results));
  const lines = samples.quiz!.map((sample) => `${JSON.stringify(sample)}\n`);
  writeFileSync(path.join(folder, "samples_quiz.jsonl"), lines.join(""));
  return folder;
}

describe("eval report", () => {
  const base = writeEvaluation("small", "A".repeat(40));
  const tuned = writeEvaluation("tuned", `${"ABCA".repeat(7)}${"A".repeat(12)}`);

  it("prints both models with the verdict, and writes the page and Markdown", async () => {
    for (const [name, start] of [
      ["report.html", "<!doctype html>"],
      ["report.md", "# "],
    ] as const) {
      const out = path.join(work, name);
      const words = [
        "eval",
        "report",
        tuned,
        "--base",
        base,
        "--out",
        out,
        "--published",
        "quiz=90",
      ];
      const { stdout, stderr, code } = await tunewright(words);
      expect(stderr).toBe(`report written to ${out}\n`);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^task +version +filter +n-shot +metric +base +tuned/);
      expect(stdout.replaceAll("\u00a0", " ")).toContain(
        "quiz: 35.0 points better: not noise (95 % interval 17.6 to 49.0, p < 0.001, McNemar, exact)",
      );
      expect(readFileSync(out, "utf8").startsWith(start)).toBe(true);
    }
  });

  it("gives the numbers as JSON", async () => {
    const { stdout } = await tunewright(["eval", "report", tuned, "--base", base, "--json"]);
    const { comparison, published } = JSON.parse(stdout);
    expect(comparison.tasks[0]).toMatchObject({ name: "quiz", verdict: "real", size: 40 });
    expect(comparison.flips).toHaveLength(14);
    expect(published).toEqual([]);
  });

  it("refuses what does not go together", async () => {
    const refused = async (...words: string[]) =>
      (await tunewright(["eval", "report", tuned, ...words])).stderr;
    expect(await refused("--out", path.join(work, "report.txt"))).toContain(
      "is not a name for a report",
    );
    expect(await refused("--language", "zh")).toContain("--language has no effect");
    expect(await refused("--limit", "5")).toContain("--limit has no effect");
    expect(await refused("--published", "mmlu=54")).toContain("was not evaluated");
    expect(await refused("--base", work)).toContain("results.json cannot be read");
  });
});

it.skipIf(!hasBrowser)(
  `fits three widths in both themes, is read by contrast, and asks no server (needs ${browserPath})`,
  async () => {
    const browser = await launchBrowser();
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
        expect(await tab.evaluate(lowestContrast)).toBeGreaterThan(4.5);
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
