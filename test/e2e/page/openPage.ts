/** The page in real Chromium, from the real server: what the tests of its screens share. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";

const main = path.resolve(import.meta.dirname, "../../../dist/cli/main.js");
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const longestStart = 60_000;

/** A server of the program that tests open pages of. */
export interface PageServer {
  /** `http://127.0.0.1:PORT` */
  address: string;
  /** All that it said. */
  said(): string;
  /** Number of its process. */
  pid(): number;
  /** Ends it by `signal` and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again at the same address, once it is stopped. */
  start(): Promise<void>;
}

/**
 * Starts `tunewright serve` and waits until it answers.
 *
 * @param words flags beside the port, such as `["--runs", directory]`
 * @throws Error with what the server said, where it ends or answers nothing within a minute
 */
export async function startServer(words: readonly string[]): Promise<PageServer> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let said = "";
  const server: PageServer = {
    address,
    said: () => said,
    pid: () => child?.pid ?? 0,
    async start() {
      const flags = ["serve", "--port", String(port), ...words];
      const started = spawn(process.execPath, [main, ...flags], { stdio: "pipe" });
      for (const stream of [started.stdout, started.stderr]) {
        stream.on("data", (text) => {
          said += text;
        });
      }
      child = started;
      await untilAnswered(address, started, () => said);
    },
    async stop(signal = "SIGTERM") {
      const running = child;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once("close", resolve));
      running.kill(signal);
      await ended;
    },
  };
  await server.start();
  return server;
}

async function untilAnswered(
  address: string,
  child: ChildProcess,
  said: () => string,
): Promise<void> {
  const end = Date.now() + longestStart;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`serve ended at once: ${said()}`);
    const answer = await fetch(`${address}/`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGKILL");
  throw new Error(`serve did not answer within ${longestStart / 1000} s: ${said()}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** How a page is to look. */
export interface View {
  language?: "en" | "zh";
  theme?: "light" | "dark";
  /** Pixels; 1280 x 900 by default. */
  width?: number;
  height?: number;
}

/** Both languages, both themes, a wide screen and a phone's. */
export const views = [
  { language: "en", theme: "light", width: 1280 },
  { language: "zh", theme: "dark", width: 390 },
] as const satisfies readonly View[];

/** A tab, and what went wrong in it. */
export interface OpenPage {
  page: Page;
  /** Errors on the console and exceptions, oldest first. */
  faults: string[];
  /** Requests to other hosts than the server's. */
  foreign: string[];
  close(): Promise<void>;
}

/**
 * Opens a place of the page: `openPage(browser, server.address, "#/runs", { theme: "dark" })`. Each has
 * its own storage.
 */
export async function openPage(
  browser: Browser,
  address: string,
  place: string,
  view: View = {},
): Promise<OpenPage> {
  const { language = "en", theme = "light", width = 1280, height = 900 } = view;
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: "reduce",
  });
  // Only at first, so that what a test chooses on the page stays when it is loaded again.
  await context.addInitScript(`if (localStorage.getItem("tunewright.language") === null) {
    localStorage.setItem("tunewright.language", "${language}");
    localStorage.setItem("tunewright.theme", "${theme}");
  }`);
  const page = await context.newPage();
  const faults: string[] = [];
  const foreign: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} (${message.location().url})`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(?:data|blob):/.test(request.url()))
      foreign.push(request.url());
  });
  await page.goto(`${address}/${place}`);
  return { page, faults, foreign, close: () => context.close() };
}

/** Expects of each place, opened by itself, what {@link expectFitting} does, no fault, and no request to others. */
export async function expectFaultless(
  browser: Browser,
  address: string,
  places: readonly string[],
  view: View,
): Promise<void> {
  for (const place of places) {
    const { page, faults, foreign, close } = await openPage(browser, address, place, view);
    await expectFitting(page, place);
    expect([...faults, ...foreign], place).toEqual([]);
    await close();
  }
}

/** Waits until a screen has no spinner any more; expects that axe finds no fault and nothing is wider than the window. */
export async function expectFitting(page: Page, place: string): Promise<void> {
  await page.locator("main .spinner").first().waitFor({ state: "detached" });
  await expectAccessible(page);
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(overflow, `${place} is wider than the screen`).toBeLessThanOrEqual(0);
}

/** Expects that axe finds no fault with the page as it stands (WCAG 2.1 A and AA, and its best practices). */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated rather than added as a script, which the page's content security policy refuses.
  await page.evaluate(readFileSync(axeFile, "utf8"));
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; help: string; nodes: { html: string; target: unknown[] }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 5).map(({ target, html }) => `${target.join(" ")}: ${html}`);
      return `${id}: ${help}\n  ${places.join("\n  ")}`;
    });
  });
  expect(found).toEqual([]);
}
