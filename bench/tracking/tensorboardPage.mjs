// How does a run look in TensorBoard's own page? Starts the real `tensorboard`, opens its page in Chromium, waits until
// the curves are drawn, and takes a picture.
//
//   node bench/tracking/tensorboardPage.mjs LOGDIR OUT.png [--run NAME] [--tags REGEX] [--text]
//
// LOGDIR is what `tensorboard --logdir` is given: `runs` of a run, a run, or a folder of runs. --run shows one run only,
// by its name on the page; --tags the curves whose names match (default: loss, learning rate, gradient norm, speed, held-out
// loss); --text the page of texts instead of curves. Prints one JSON object: each curve with its points and its last step.
// Needs Debian's chromium (apt-get install chromium, and fonts-wqy-zenhei for Chinese), and makes the Python environment
// of the tests where there is none (test/parity/pythonTrackers.ts).
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { register } from "tsx/esm/api";

register();
const { trackersPython } = await import("../../test/parity/pythonTrackers.ts");
const { escapeRegExp } = await import("../../src/util/escapeRegExp.ts");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: "string" },
    tags: {
      type: "string",
      default: "^(train/(loss|learning_rate|grad_norm|tokens_per_second)|eval/loss)$",
    },
    text: { type: "boolean", default: false },
  },
});
const [logdir, picture] = positionals;
if (!logdir || !picture) fail("usage: tensorboardPage.mjs LOGDIR OUT.png [--run NAME] [--text]");
if (!existsSync(logdir)) fail(`${logdir} does not exist`);

const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(browserPath)) fail(`${browserPath} does not exist: apt-get install chromium`);
const python = await trackersPython();
if (!python) fail("there is no Python with tensorboard");

// Without WebGL the page draws curves as SVG paths, which can be counted.
const browserFlags =
  "--headless --no-sandbox --disable-gpu --disable-webgl --disable-webgl2 --disable-3d-apis --disable-quic --no-first-run " +
  "--disable-background-networking --disable-component-update --disable-sync";
/** Milliseconds that slow machines need. */
const patience = 180_000;

const port = await freePort();
const board = spawn(
  python,
  `-m tensorboard.main --host 127.0.0.1 --port ${port} --logdir`.split(" ").concat(logdir),
  { stdio: ["ignore", "ignore", "pipe"] },
);
let said = "";
board.stderr.on("data", (text) => {
  said += text;
});
const profile = mkdtempSync(path.join(tmpdir(), "tunewright-chromium-"));
let browser;
try {
  const address = `http://127.0.0.1:${port}`;
  const { version } = await answerOf(`${address}/data/environment`);
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    args: browserFlags.split(" "),
    viewport: { width: 1400, height: 960 },
    timeout: patience,
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const curves = values.text ? await showTexts(page, address) : await showCurves(page, address);
  await page.screenshot({ path: picture });
  console.log(JSON.stringify({ tensorboard: version, picture, curves }));
} finally {
  await browser?.close();
  board.kill();
  rmSync(profile, { recursive: true, force: true });
}

/** Opens the curves, and waits until each card that is in view has drawn one. */
async function showCurves(page, address) {
  const filters = new URLSearchParams({ tagFilter: values.tags });
  if (values.run) filters.set("runFilter", `^${escapeRegExp(values.run)}$`);
  await page.goto(`${address}/?${filters}#timeseries`);
  await page.waitForSelector("scalar-card line-chart");
  await page.locator("button", { hasText: "Settings" }).first().click();
  await page.waitForFunction(
    () => {
      const cards = [...document.querySelectorAll("scalar-card")];
      const isDrawn = (card) =>
        [...card.querySelectorAll("line-chart svg path")].some((line) =>
          /^M.*L/.test(line.getAttribute("d") ?? ""),
        );
      return cards.length > 0 && cards.every(isDrawn);
    },
    undefined,
    { timeout: patience },
  );
  // The first drawing is animated.
  await sleep(1500);
  return page.evaluate(() =>
    [...document.querySelectorAll("scalar-card")].map((card) => ({
      tag: card.querySelector("tb-truncated-path")?.getAttribute("title"),
      points: Math.max(
        ...[...card.querySelectorAll("line-chart svg path")].map(
          (line) => (line.getAttribute("d") ?? "").split("L").length,
        ),
      ),
      // The table below a curve has one row a run.
      runs: [...card.querySelectorAll("tb-data-table-content-row")].map((row) => {
        const [run, smoothed, value, step] = row.textContent.trim().split(/\s{2,}|\n/);
        return { run, smoothed, value, step: Number(step) };
      }),
    })),
  );
}

/** Opens the texts, and waits until the first is shown. */
async function showTexts(page, address) {
  await page.goto(`${address}/#text`);
  await page.waitForSelector("text=sample");
  await sleep(3000);
  return [];
}

/** What the server answers, once it is up. */
async function answerOf(url) {
  const until = Date.now() + patience;
  for (;;) {
    if (board.exitCode !== null) fail(`tensorboard ended: ${said}`);
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(500);
    }
  }
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
