/** Evaluations on the page, in real Chromium, from the real server: scores, questions, comparisons. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeEvaluation } from "../../../src/serve/results/testEvaluation.js";
import { hasBrowser, launchBrowser } from "../browser.js";
import { expectFaultless, openPage, type PageServer, startServer, views } from "./openPage.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-page-results-"));
let server: PageServer;
let browser: Browser;
let tuned: string;

beforeAll(async () => {
  if (!hasBrowser) return;
  mkdirSync(path.join(work, "output"));
  const place = (name: string) => path.join(work, "results", name);
  await writeEvaluation(place("tuned"), "B", { model: "small", adapters: ["tuned"] });
  await writeEvaluation(place("tuned/base"), "A", { model: "small" });
  await writeEvaluation(place("other"), "C", { model: "other" });
  const [runs, results] = [path.join(work, "output"), path.join(work, "results")];
  server = await startServer(["--quiet", "--runs", runs, "--results", results]);
  browser = await launchBrowser();
  const answer = await fetch(`${server.address}/api/results`);
  const list = (await answer.json()) as { results: { id: string; name: string }[] };
  tuned = list.results.find(({ name }) => name === "tuned")!.id;
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(work, { recursive: true, force: true });
});

describe.skipIf(!hasBrowser)("evaluations on the page", () => {
  it.each(views)("are accessible and faultless: $language, $theme, $width", async (view) => {
    const places = [
      "#/results",
      ...["", "?tab=questions", "?tab=notes"].map((tab) => `#/results/${tuned}${tab}`),
    ];
    await expectFaultless(browser, server.address, places, view);
  });

  it("show which questions flipped, with the probabilities of both models", async () => {
    const { page, faults, close } = await openPage(browser, server.address, `#/results/${tuned}`);
    await page.getByRole("button", { name: "my_physics" }).first().click();
    const gained = page.getByRole("link", { name: / gained$/ }).first();
    const count = Number.parseInt((await gained.textContent())!, 10);
    await gained.click();
    const questions = page.locator(".question");
    await questions.first().waitFor();
    expect(await questions.count()).toBe(count);
    expect(await questions.first().locator(".question-head").textContent()).toContain("gained");
    expect(await questions.first().locator(".choices tbody tr").count()).toBe(4);
    expect(faults).toEqual([]);
    await close();
  });

  it("are compared with another, and saved as a report", async () => {
    const { page, faults, close } = await openPage(browser, server.address, "#/results");
    for (const name of ["tuned", "other"]) {
      await page.getByRole("checkbox", { name: `Choose ${name} to compare` }).check();
    }
    await page.getByRole("button", { name: "Compare the two chosen" }).click();
    const other = page.getByRole("combobox", { name: "Compared with" });
    await other.waitFor();
    await page.locator(".score-legend .base").waitFor();
    // The list of what it can be compared with may come after the scores.
    await expect
      .poll(() => other.locator("option:checked").textContent())
      .toMatch(/^(tuned|other)$/);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save the report" }).click(),
    ]);
    expect(readFileSync((await download.path())!, "utf8")).toMatch(/^<!doctype html>/i);
    expect(faults).toEqual([]);
    await close();
  });

  it("that are gone are said to be gone", async () => {
    const { page, close } = await openPage(browser, server.address, "#/results/nothing");
    await page.getByText("There is no such evaluation").waitFor();
    await close();
  });
});
