import { expect, it } from "vitest";
import { renderConfigHelp } from "./help.js";
import { keySchemas } from "./schema.js";

it("says every key with a help text", () => {
  const help = renderConfigHelp();
  for (const [key, { description }] of Object.entries(keySchemas)) {
    expect(help).toContain(`--${key.replaceAll("_", "-")}  (`);
    expect([key, description?.endsWith(".")]).toEqual([key, true]);
  }
  expect(help).toContain("--learning-rate  (a number above 0, 0.00005)");
  expect(help).toContain("--output-dir  (a text, required)");
});
