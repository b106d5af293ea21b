/** docs/configuration.md says what the schema says. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { page, renderPage } from "../../scripts/config-docs.js";

it("docs/configuration.md is up to date (else run: npx tsx scripts/config-docs.ts)", () => {
  const current = readFileSync(page, "utf8");
  expect(current).toBe(renderPage(current));
});
