/** The runs on the page, in real Chromium, from the real server: looked at, started, stopped, gone on with. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../../../src/generate/testModel.js";
import { hasBrowser, launchBrowser } from "../browser.js";
import { tunewright } from "../program.js";
import {
  expectAccessible,
  expectFitting,
  openPage,
  type PageServer,
  startServer,
  views,
} from "./openPage.js";

const root = path.resolve(import.meta.dirname, "../../..");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-page-runs-"));
const runs = path.join(work, "output");
const data = path.join(work, "data");
let server: PageServer;
let browser: Browser;

/** Words that train the tiny model, a step a line. */
const training = [
  `--model_name_or_path=${path.join(runs, "tiny")}`,
  `--train_file=${path.join(data, "rows.jsonl")}`,
  "--template_name=firefly-classic",
  "--max_seq_length=48",
  "--lora_rank=2",
  "--use_cpu",
  "--logging_steps=1",
];

/** A run of `steps` steps as it lies on the disk, with a spike in its middle. */
function writeRun(name: string, steps: number): void {
  const stored = { time: 1.7e9, attempt: 1 };
  const start = { type: "start", step: 0, total_steps: steps, run_name: null, model: "m" };
  const spike = {
    type: "spike",
    step: steps / 2,
    metric: "loss",
    value: 9,
    expected: 2,
    rows: [
      { file: path.join(data, "rows.jsonl"), line: 3, loss: 8.5, labelled_tokens: 7 },
      { file: path.join(data, "rows.jsonl"), line: 1, loss: 1.5, labelled_tokens: 4 },
    ],
  };
  const rows: object[] = [{ ...start, train_mode: "lora", device: "cpu", parameters: 1 }];
  for (let step = 1; step <= steps; step++) {
    rows.push({
      type: "step",
      step,
      epoch: step / steps,
      loss: 2 + Math.sin(step) / 4 + (step === steps / 2 ? 7 : 0),
      learning_rate: 1e-4,
      grad_norm: 1,
      tokens: 10,
      labelled_tokens: 5,
      tokens_per_second: 7,
      rss_bytes: 1e9,
    });
    if (step === steps / 2) rows.push(spike);
  }
  mkdirSync(path.join(runs, name));
  const text = rows.map((row, i) => `${JSON.stringify({ ...stored, time: 1.7e9 + i, ...row })}\n`);
  writeFileSync(path.join(runs, name, "events.jsonl"), text.join(""));
}

beforeAll(async () => {
  if (!hasBrowser) return;
  mkdirSync(runs);
  mkdirSync(data);
  const model = writeTestModel();
  cpSync(model, path.join(runs, "tiny"), { recursive: true });
  rmSync(model, { recursive: true });
  cpSync(
    path.join(root, "test/parity/fixtures/run-version-0/rows.jsonl"),
    path.join(data, "rows.jsonl"),
  );
  writeFileSync(path.join(data, "dialogue.json"), '["Who are you?","And then?"]');
  writeRun("long", 10_000);
  const { code, stderr } = await tunewright([
    "train",
    ...training,
    `--output_dir=${path.join(runs, "first")}`,
    "--max_steps=20",
    "--save_steps=10",
    `--eval_file=${path.join(data, "rows.jsonl")}`,
    "--eval_strategy=steps",
    "--eval_steps=10",
    "--sample_prompts=Who are you?",
    `--sample_dialogue=${path.join(data, "dialogue.json")}`,
  ]);
  expect(code, stderr).toBe(0);
  server = await startServer([
    "--quiet",
    "--runs",
    runs,
    "--data",
    data,
    "--model",
    `tiny=${path.join(runs, "tiny")}`,
  ]);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(work, { recursive: true, force: true });
});

async function idOf(name: string): Promise<string> {
  const list = (await (await fetch(`${server.address}/api/runs`)).json()) as {
    runs: { id: string; name: string }[];
  };
  return list.runs.find((run) => run.name === name)!.id;
}

describe.skipIf(!hasBrowser)("the runs on the page", () => {
  it.each(views)(
    "are accessible and quiet in $language, $theme, $width pixels wide",
    async (view) => {
      const [first, long] = [await idOf("first"), await idOf("long")];
      const { page, faults, foreign, close } = await openPage(
        browser,
        server.address,
        "#/runs",
        view,
      );
      const places = [
        ["#/runs", ".run-row"],
        [`#/runs/${first}`, ".chart canvas"],
        [`#/runs/${first}?tab=answers`, ".turn"],
        [`#/runs/${first}?tab=checkpoints`, "table"],
        [`#/runs/${first}?tab=config`, "table"],
        [`#/runs/${long}?tab=notices`, ".notices"],
        [`#/runs/overlay?runs=${first},${long}`, ".chart canvas"],
        ["#/runs/new", ".form-field"],
      ] as const;
      for (const [place, part] of places) {
        await page.goto(`${server.address}/${place}`);
        await page.locator(part).first().waitFor();
        await expectFitting(page, place);
      }
      expect(faults).toEqual([]);
      expect(foreign).toEqual([]);
      await close();
    },
  );

  it("come with less than 200 kB, in under a second from this machine", async () => {
    const { page, close } = await openPage(browser, server.address, "#/runs");
    await page.locator(".run-row").first().waitFor();
    const { bytes, ready } = (await page.evaluate(`({
      bytes: performance.getEntriesByType("resource")
        .concat(performance.getEntriesByType("navigation"))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      ready: performance.getEntriesByType("navigation")[0].domInteractive,
    })`)) as { bytes: number; ready: number };
    console.log(
      `first view: ${(bytes / 1000).toFixed(1)} kB, interactive in ${ready.toFixed(0)} ms`,
    );
    expect(bytes).toBeLessThan(200_000);
    await close();
  });

  it("lead from a spike to its rows, and keep 10,000 points smooth", async () => {
    const { page, faults, close } = await openPage(
      browser,
      server.address,
      `#/runs/${await idOf("long")}`,
    );
    const chart = page.locator(".chart-frame").first();
    await chart.locator("canvas").waitFor();
    const took = (await page.evaluate(`(async () => {
      const over = document.querySelector(".u-over");
      const { left, top, width } = over.getBoundingClientRect();
      const times = [];
      for (let i = 0; i < 60; i++) {
        const began = performance.now();
        over.dispatchEvent(new MouseEvent("mousemove", {
          bubbles: true, clientX: left + (width * i) / 60, clientY: top + 50,
        }));
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b)[30];
    })()`)) as number;
    console.log(`10,000 points: a frame of the cursor in ${took.toFixed(1)} ms`);
    expect(took).toBeLessThan(100);

    await chart.focus();
    const legend = page.locator(".chart-legend").first();
    const place = legend.locator("> span");
    await page.keyboard.press("Home");
    await expect.poll(() => place.innerText()).toMatch(/^step \d$/);
    await page.keyboard.press("End");
    // The first and the last of the thinned points may lie some steps from the ends.
    await expect.poll(() => place.innerText()).toMatch(/^step (9,99\d|10,000)$/);
    const last = await place.innerText();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => place.innerText()).not.toBe(last);

    await page.locator(".chart-marks button").first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("rows.jsonl:3").waitFor();
    expect(await dialog.locator("li").first().innerText()).toContain("8.5");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.getByRole("combobox", { name: "Show as" }).selectOption("table");
    await page.getByRole("cell").first().waitFor();
    expect(await page.getByRole("row").count()).toBe(51);
    expect(faults).toEqual([]);
    await close();
  });

  it("start from the form once the check passes, train live, stop after saving, and go on", async () => {
    const { page, faults, close } = await openPage(browser, server.address, "#/runs/new");
    await page.getByRole("textbox", { name: "Name of the run" }).fill("live");
    await page
      .getByRole("combobox", { name: /model_name_or_path/ })
      .selectOption({ label: "tiny" });
    await page.getByRole("checkbox", { name: /rows.jsonl/ }).check();
    const search = page.getByRole("searchbox", { name: "Search all settings" });
    const set = async (key: string, value: string) => {
      await search.fill(key);
      await page.getByRole("textbox", { name: key }).fill(value);
      await search.fill("");
    };
    await set("max_seq_length", "many");
    await page
      .getByText("This must be a whole number")
      .or(page.getByText("This is no number"))
      .waitFor();
    await set("max_seq_length", "48");
    await set("lora_rank", "2");
    await set("max_steps", "100000");
    await set("logging_steps", "1");
    await search.fill("template_name");
    await page.getByRole("textbox", { name: "template_name" }).fill("firefly-classic");
    await search.fill("");
    const start = page.getByRole("button", { name: "Start now" });
    expect(await start.isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("The check passed").waitFor({ timeout: 60_000 });
    await expectAccessible(page);
    await start.click();
    await page.getByText("Training", { exact: true }).first().waitFor({ timeout: 60_000 });
    if (!/#\/runs\/[0-9a-f]+/.test(page.url()))
      await page.getByRole("link", { name: "live" }).first().click();
    const step = () =>
      page
        .locator("dt", { hasText: /^Step$/ })
        .locator("xpath=../dd/span")
        .innerText();
    await page.locator(".chart canvas").first().waitFor({ timeout: 60_000 });
    const before = Number((await step()).replaceAll(",", ""));
    await expect
      .poll(async () => Number((await step()).replaceAll(",", "")), { timeout: 30_000 })
      .toBeGreaterThan(before + 5);

    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Save and stop" }).click();
    await page.getByText("Stopped", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole("tab", { name: /Notices/ }).click();
    await page
      .getByText(/Stopped; step \d+ was saved/)
      .first()
      .waitFor();

    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Change something first").click();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Go on exactly" }).click();
    await page
      .getByText(/Goes on from step \d+/)
      .first()
      .waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Save and stop" }).click();
    await page.getByText("Stopped", { exact: true }).waitFor({ timeout: 60_000 });
    expect(faults).toEqual([]);
    await close();
  });

  it("wait in the queue in the order that they are put in, several from lists of values", async () => {
    const { page, faults, close } = await openPage(
      browser,
      server.address,
      `#/runs/new?from=${await idOf("first")}`,
    );
    await fetch(`${server.address}/api/queue/pause`, { method: "POST" });
    const name = page.getByRole("textbox", { name: "Name of the run" });
    await name.fill("sweep");
    await page.getByRole("combobox", { name: "Vary a setting" }).selectOption("learning_rate");
    await page.getByRole("textbox", { name: /Values of learning_rate/ }).fill("1e-3\n1e-4\n1e-5");
    await page.getByText("This makes 3 runs").waitFor();
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("The check passed").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Add 3 runs to the queue" }).click();

    const jobs = page.locator(".queue > li");
    await expect.poll(() => jobs.count()).toBeGreaterThanOrEqual(3);
    const waiting = jobs.filter({ hasText: "Waiting" });
    await expect.poll(() => waiting.count()).toBe(3);
    const second = (await waiting.nth(1).locator(".job > span").first().innerText()).split(
      /\s/,
    )[0]!;
    await page.getByRole("button", { name: `Move ${second} up` }).click();
    await expect.poll(() => waiting.first().innerText()).toContain(second);
    await page.getByText("Paused").waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: `Remove ${second} from the queue` }).click();
    await expect.poll(() => waiting.count()).toBe(2);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect.poll(() => waiting.count(), { timeout: 60_000 }).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it("ask for the key where the server wants one, and again after a wrong one", async () => {
    const guarded = await startServer([
      ...["--quiet", "--runs", runs, "--data", data, "--api-key", "secret"],
      ...["--model", `tiny=${path.join(runs, "tiny")}`],
    ]);
    try {
      const { page, close } = await openPage(browser, guarded.address, "#/runs");
      const dialog = page.getByRole("dialog");
      const key = dialog.getByRole("textbox", { name: "API key" });
      await key.fill("wrong");
      await dialog.getByRole("button", { name: "Enter" }).click();
      await expect.poll(() => key.inputValue()).toBe("wrong");
      await expectAccessible(page);
      await key.fill("secret");
      await dialog.getByRole("button", { name: "Enter" }).click();
      await page.locator(".run-row").first().waitFor();
      await page.getByText(/Engine (ready|starting)/).waitFor();
      expect(await dialog.count()).toBe(0);
      await close();
    } finally {
      await guarded.stop();
    }
  });

  it("say that the server is gone, and come back with it", async () => {
    const { page, close } = await openPage(browser, server.address, "#/runs");
    await page.locator(".run-row").first().waitFor();
    await server.stop();
    await page.getByText("The connection to the server is lost").waitFor();
    await server.start();
    await page.getByText("The connection to the server is lost").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "first" }).click();
    await page.locator(".chart canvas").first().waitFor();
    await close();
  });
});
