import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { operatorTable } from "./describe.js";
import { conversationOperators } from "./operators/conversation/index.js";
import { perplexityOperator } from "./operators/perplexity.js";
import { cleanPresets } from "./presets.js";

const page = readFileSync(new URL("../../../docs/cleaning.md", import.meta.url), "utf8");

test("the page has the table of operators and options that the program has", () => {
  expect(page).toContain(operatorTable([...conversationOperators, perplexityOperator]));
});

test("the page names every preset", () => {
  for (const preset of Object.keys(cleanPresets)) expect(page).toContain(`| \`${preset}\` |`);
});
