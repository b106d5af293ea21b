/** The page that `plot --out curves.html` writes, in real Chromium. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { browserPath, hasBrowser, launchBrowser } from "./browser.js";

const root = path.resolve(import.meta.dirname, "../..");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-plot-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function makeRun(name: string, lossAt: (step: number) => number): string {
  const directory = path.join(work, name);
  mkdirSync(directory);
  const stored = { time: 1000, attempt: 1 };
  const start = { ...stored, type: "start", step: 0, total_steps: 40, run_name: null, model: "m" };
  const steps = Array.from({ length: 40 }, (_, i) => ({
    ...stored,
    type: "step",
    step: i + 1,
    epoch: i / 40,
    loss: lossAt(i + 1),
    learning_rate: 1e-4,
    grad_norm: 1,
    tokens: 10,
    labelled_tokens: 5,
    tokens_per_second: 7,
    rss_bytes: 1e9,
  }));
  const text = [start, ...steps].map((row) => `${JSON.stringify(row)}\n`).join("");
  writeFileSync(path.join(directory, "events.jsonl"), text);
  return directory;
}

it.skipIf(!hasBrowser)(
  `shows each run's nearest point, hides runs, and asks no server (needs ${browserPath})`,
  async () => {
    const runs = [makeRun("slow", (step) => 4 - step / 40), makeRun("<b>fast", (step) => 4 / step)];
    const page = path.join(work, "curves.html");
    const words = ["plot", ...runs, "--out", page, "--smoothing", "0.5"];
    const { status, stderr } = spawnSync(path.join(root, "tunewright"), words, {
      encoding: "utf8",
    });
    expect(stderr).toContain(`charts of 2 runs written to ${page}`);
    expect(status).toBe(0);

    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      const faults: string[] = [];
      const asked: string[] = [];
      tab.on("pageerror", (error) => faults.push(error.message));
      tab.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      tab.on("request", (request) => asked.push(request.url()));
      await tab.goto(pathToFileURL(page).href);

      const figure = tab.locator("figure").first();
      await figure.locator("> svg").hover({ position: { x: 540, y: 100 } });
      const tip = figure.locator("output");
      expect((await tip.innerText()).trim()).toBe(
        "slow 3.025 (step 40)\n<b>fast 0.102711 (step 40)",
      );
      await tab.locator('input[data-run="0"]').uncheck();
      await figure.locator("> svg").hover({ position: { x: 70, y: 100 } });
      expect((await tip.innerText()).trim()).toMatch(/^<b>fast 4 \(step 1\)$/);
      const isShown = (run: number) => figure.locator(`path[data-run="${run}"]`).last().isVisible();
      expect([await isShown(0), await isShown(1)]).toEqual([false, true]);
      if (process.env.PLOT_PICTURE) await tab.screenshot({ path: process.env.PLOT_PICTURE });

      expect(faults).toEqual([]);
      expect(asked.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
