/**
 * Real chat templates over made-up conversations, as transformers renders them. The templates are not in the repository:
 * bench/templates/run.sh fetches them, and compares thousands of conversations where this takes forty.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Conversation, outcomes } from "../../bench/templates/compare.js";
import { parseJson } from "../../src/util/json/index.js";

const sources = fileURLToPath(new URL("../../.tunewright/templates/sources/", import.meta.url));
const fixture = JSON.parse(
  readFileSync(new URL("fixtures/text/real-templates.json", import.meta.url), "utf8"),
) as { conversations: string[]; templates: Record<string, [source: string, outcomes: string]> };
const conversations = fixture.conversations.map(
  (line) => parseJson(line) as unknown as Conversation,
);

const fetched = Object.entries(fixture.templates).flatMap(([name, [digest, expected]]) => {
  const file = `${sources}${name}.jinja`;
  const source = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  return source !== undefined && short(source) === digest ? [{ name, source, expected }] : [];
});
if (fetched.length === 0)
  console.warn("skipped: no real chat templates here (bench/templates/run.sh fetches them)");

function short(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 16);
}

test.skipIf(fetched.length === 0)("real templates render as in transformers", () => {
  for (const { name, source, expected } of fetched) {
    const found = outcomes(source, name, conversations).map((one) => one.replace(/^!.*/s, "!"));
    expect(short(found.join("\n")), name).toBe(expected);
  }
});
