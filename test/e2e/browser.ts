/** Real Chromium for tests of pages: Debian's package, or another that CHROMIUM names. */
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";

export const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const hasBrowser = existsSync(browserPath);

/** It speaks to nobody. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launchBrowser(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: browserPath, args: flags });
}
