/** The page's chat and comparison in real Chromium, with the built-in model answering. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtinModelPath } from "../../../src/util/builtin-model.js";
import { browserPath, hasBrowser, launchBrowser } from "../browser.js";
import { tunewright } from "../program.js";
import {
  expectAccessible,
  type OpenPage,
  openPage,
  type PageServer,
  startServer,
} from "./openPage.js";

const canRun = hasBrowser && existsSync(builtinModelPath());
const work = mkdtempSync(path.join(tmpdir(), "tunewright-chat-page-"));
const runs = path.join(work, "runs");
let server: PageServer;
let browser: Browser;

/** Short answers, and always the same. */
const sampling = { values: { temperature: 0, max_tokens: 12, seed: 1 }, stop: [], thinking: null };

async function open(place: string, view: Parameters<typeof openPage>[3] = {}): Promise<OpenPage> {
  const opened = await openPage(browser, server.address, "#/data", view);
  const stored = JSON.stringify(JSON.stringify(sampling));
  await opened.page.evaluate(`localStorage.setItem("tunewright.chat.sampling", ${stored})`);
  await opened.page.goto(`${server.address}/${place}`);
  return opened;
}

const composer = (page: Page) => page.locator(".composer textarea");

async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question);
  // What cannot be sent yet (the model loads) is not lost.
  await expect
    .poll(() => page.locator(".composer .primary").isEnabled(), { timeout: 30_000 })
    .toBe(true);
  await composer(page).press("Enter");
}

/** Waits until so many answers are shown and none is open. */
async function whenAnswered(page: Page, answers: number): Promise<void> {
  const ended = page.locator('article.message[aria-busy="false"]');
  await expect.poll(() => ended.count(), { timeout: 30_000 }).toBe(answers);
}

async function savedBy(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  return await textOf(download);
}

async function textOf(download: Download): Promise<string> {
  return readFileSync((await download.path())!, "utf8");
}

/** How many rows `data convert` takes of a file, all of them. */
async function rowsTaken(rows: string): Promise<number> {
  const file = path.join(work, "exported.jsonl");
  writeFileSync(file, rows);
  const out = path.join(work, "converted.jsonl");
  rmSync(out, { force: true });
  const { stdout, stderr } = await tunewright(["data", "convert", file, "--out", out, "--json"]);
  const { rows_in, rows_out, rows_rejected } = JSON.parse(stdout || "{}") as Record<string, number>;
  expect([rows_rejected, rows_in], stderr).toEqual([0, rows_out]);
  return rows_out!;
}

/** A run of one step, so that there is a before and an after. */
async function trainTiny(): Promise<void> {
  mkdirSync(runs);
  const messages = [
    { role: "user", content: "What is your name?" },
    { role: "assistant", content: "I am a small test." },
  ];
  const file = path.join(work, "rows.jsonl");
  writeFileSync(file, `${JSON.stringify({ messages })}\n`.repeat(2));
  const flags = {
    model_name_or_path: "builtin:smollm2-135m",
    train_file: file,
    output_dir: path.join(runs, "tiny"),
    max_steps: 1,
    per_device_train_batch_size: 1,
    max_seq_length: 64,
    lora_rank: 4,
  };
  const words = Object.entries(flags).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const { code, stderr } = await tunewright(["train", ...words]);
  expect(code, stderr).toBe(0);
}

/** The engine of the server at an address: a child of the process with its port among its words. */
function enginePid(address: string): number {
  const port = new URL(address).port;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const wordsOf = (pid: string) => readOrEmpty(`/proc/${pid}/cmdline`).split("\0");
  const owner = pids.find((pid) => wordsOf(pid).includes("serve") && wordsOf(pid).includes(port));
  const child = pids.find((pid) => {
    const parent = /^\d+ \(.*\) \S (\d+)/.exec(readOrEmpty(`/proc/${pid}/stat`))?.[1];
    return parent === owner && wordsOf(pid).some((word) => word.includes("engine"));
  });
  return Number(child);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

describe.skipIf(!canRun)(`the chat page (needs ${browserPath} and the built-in model)`, () => {
  beforeAll(async () => {
    [browser] = await Promise.all([launchBrowser(), trainTiny()]);
    const words = ["--model", "small=builtin:smollm2-135m", "--runs", runs, "--max-requests", "1"];
    server = await startServer([...words, "--data", work, "--results", work]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(work, { recursive: true, force: true });
  });

  it("answers over several turns, keeps versions and the conversation, and exports what train accepts", async () => {
    const { page, faults, foreign, close } = await open("#/chat", { width: 1440 });
    await composer(page).fill("ni");
    await composer(page).dispatchEvent("keydown", {
      key: "Enter",
      isComposing: true,
      bubbles: true,
    });
    expect(await page.locator(".message").count(), "Enter ends a word of an input method").toBe(0);
    await ask(page, "What is the capital of France?");
    await whenAnswered(page, 1);
    const answer = page.getByRole("article", { name: "small" }).first();
    expect(await answer.innerText()).toContain("Paris");
    await ask(page, "And of Italy?");
    await whenAnswered(page, 2);
    expect(await page.locator(".context-use").innerText()).toMatch(/^\d+ of 8,192 tokens/);

    await page.getByRole("button", { name: "Answer again" }).last().click();
    await whenAnswered(page, 2);
    await expect.poll(() => page.getByText("2/2").count()).toBe(1);
    await page.getByRole("button", { name: "Earlier version" }).click();
    expect(await page.getByText("1/2").count()).toBe(1);

    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.getByRole("textbox", { name: "Edit" }).fill("Say hello.");
    await page.getByRole("textbox", { name: "Edit" }).press("Enter");
    await whenAnswered(page, 1);
    expect(await page.locator(".message").count()).toBe(2);
    await page.getByRole("button", { name: "Earlier version" }).click();
    expect(await page.locator(".message").count()).toBe(4);

    await page.getByRole("button", { name: "Delete this turn" }).last().click();
    expect(await page.locator(".message").count()).toBe(2);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await page.locator(".message").count()).toBe(4);

    await page.waitForTimeout(700);
    await page.reload();
    await expect.poll(() => page.locator(".message").count()).toBe(4);
    await page.getByText("Export / Import JSONL").click();
    const rows = await savedBy(page, "As JSONL, to train on");
    expect(JSON.parse(rows).messages).toHaveLength(4);
    expect(await rowsTaken(rows)).toBe(1);
    await page.setInputFiles("input[type=file]", {
      name: "rows.jsonl",
      mimeType: "application/jsonl",
      buffer: Buffer.from(`${rows}broken\n`),
    });
    await page.getByText("1 conversations imported.").waitFor();
    await page.getByText("line 2: is no JSON").waitFor();
    expect(faults).toEqual([]);
    expect(foreign).toEqual([]);
    await close();
  });

  it("shows tokens with what else was likely, by pointer and keys", async () => {
    const { page, faults, close } = await open("#/chat", { width: 820 });
    await ask(page, "What is the capital of France?");
    await whenAnswered(page, 1);
    await page.getByRole("checkbox", { name: "Token probabilities" }).check();
    const tokens = page.locator("[role=option]");
    expect(await tokens.count()).toBeGreaterThan(5);
    await tokens.nth(2).hover();
    const shares = await page.locator(".token-panel td.figures").allInnerTexts();
    expect(shares.length).toBeGreaterThan(4);
    const sum = shares.reduce((total, text) => total + Number.parseFloat(text), 0);
    expect(Math.abs(sum - 100)).toBeLessThan(1.5);
    await tokens.nth(2).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("[role=option]:focus").getAttribute("data-token")).toBe("3");
    await expectAccessible(page);
    expect(faults).toEqual([]);
    await close();
  });

  it("stops an answer by Escape, keeps what came when the engine is killed, and goes on with it", async () => {
    const { page, close } = await open("#/chat?model=small");
    await page
      .getByRole("button", { name: "Settings" })
      .or(page.getByRole("textbox", { name: "Longest answer, in tokens" }))
      .first()
      .waitFor();
    await page.getByRole("textbox", { name: "Longest answer, in tokens" }).fill("400");
    await ask(page, "Tell me a long story about the sea.");
    await page.locator(".markdown").first().waitFor({ timeout: 30_000 });
    await page.keyboard.press("Escape");
    await page.getByText("Stopped").first().waitFor();
    const stopped = await page.locator(".markdown").innerText();

    await page.getByRole("button", { name: "Go on" }).click();
    await expect
      .poll(async () => (await page.locator(".markdown").innerText()).length)
      .toBeGreaterThan(stopped.length);
    process.kill(enginePid(server.address), "SIGKILL");
    await page.getByRole("alert").first().waitFor();
    const kept = await page.locator(".markdown").innerText();
    expect(kept.startsWith(stopped.trim())).toBe(true);
    await page.getByRole("textbox", { name: "Longest answer, in tokens" }).fill("8");
    const goOn = page.getByRole("button", { name: "Go on" });
    await expect.poll(() => goOn.isEnabled(), { timeout: 30_000 }).toBe(true);
    await goOn.click();
    await expect.poll(() => page.getByRole("alert").count(), { timeout: 30_000 }).toBe(0);
    await whenAnswered(page, 1);
    await close();
  });

  it("compares before and after a run on a script, by blind votes, waiting where the server is full", async () => {
    const { page, faults, foreign, close } = await open("#/runs", { width: 1440 });
    await page.getByRole("link", { name: "tiny", exact: true }).click();
    await page.getByRole("link", { name: "Before and after", exact: true }).click();
    await expect.poll(() => page.locator(".composer textarea").isVisible()).toBe(true);
    await page.goto(`${server.address}/#/chat/compare`);
    await page.getByRole("link", { name: "Before and after training: tiny" }).click();
    await expect.poll(() => page.locator(".composer textarea").isVisible()).toBe(true);
    const script = { name: "script.json", mimeType: "application/json" };
    await expect
      .poll(() => page.getByRole("button", { name: "From a file" }).isEnabled(), {
        timeout: 30_000,
      })
      .toBe(true);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("textbox", { name: "Longest answer, in tokens" }).fill("10");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("checkbox", { name: "Hide names until you vote" }).check();
    await page.setInputFiles("input[type=file]", {
      ...script,
      buffer: Buffer.from('["What is your name?", "Say hello."]'),
    });
    await expect
      .poll(() => page.getByRole("button", { name: "A is better" }).count(), { timeout: 30_000 })
      .toBe(2);
    expect(await page.locator(".answer-card .speaker").allInnerTexts()).toEqual([
      ...["Answer A", "Answer B"],
      ...["Answer A", "Answer B"],
    ]);
    await expectAccessible(page);
    await page.getByRole("button", { name: "A is better" }).first().click();
    await page.getByRole("button", { name: "Both bad" }).click();
    const names = (await page.locator(".answer-card .speaker").allInnerTexts()).map((name) =>
      name.replace(/\s*✓/, ""),
    );
    expect(names.slice(0, 2).sort()).toEqual(["small", "tiny"]);
    expect(await page.getByText("2 votes, 2 of them with names hidden").count()).toBe(1);
    await page.getByRole("checkbox", { name: "Word differences" }).check();

    const rows = await savedBy(page, "As JSONL, to train on");
    expect(await rowsTaken(rows)).toBe(2);
    const [first] = rows
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first.votes.map(({ verdict }: { verdict: string }) => verdict)[1]).toBe("bad");
    expect(await savedBy(page, "As Markdown, to read")).toContain("# Comparison: small, tiny");

    await page.waitForTimeout(700);
    const address = page.url();
    await page.goto(`${server.address}/#/runs`);
    await page.goto(address);
    await page.reload();
    await expect.poll(() => page.locator(".compared-turn").count(), { timeout: 20_000 }).toBe(2);
    // The browser itself tells of every 429: the second model was asked again until there was room.
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.filter((fault) => !fault.includes("429"))).toEqual([]);
    expect(foreign).toEqual([]);
    await close();
  });

  it("goes on when the server was away, in Chinese, dark, on a phone", async () => {
    const { page, close } = await open("#/chat", {
      language: "zh",
      theme: "dark",
      width: 390,
      height: 844,
    });
    await ask(page, "1+1=?");
    await whenAnswered(page, 1);
    await expectAccessible(page);
    await server.stop();
    await page.locator(".offline:not([hidden])").waitFor();
    await composer(page).fill("2+2=?");
    expect(await page.locator(".composer .primary").isEnabled()).toBe(false);
    await server.start();
    await ask(page, "2+2=?");
    await whenAnswered(page, 2);
    await page.goto(`${server.address}/#/chat/compare`);
    await page.getByRole("heading", { name: "同样的问题，并排比较" }).waitFor();
    await expectAccessible(page);
    const scrolls = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
    expect(scrolls, "the page itself never scrolls sideways").toBe(false);
    await close();
  });
});
