import { expect, it } from "vitest";
import { keySchemas, renderConfigHelp } from "./schema.js";

it("describes every key", () => {
  const help = renderConfigHelp();
  for (const [key, { description }] of Object.entries(keySchemas)) {
    expect(help).toContain(`--${key.replaceAll("_", "-")}  (`);
    expect([key, description?.endsWith(".")]).toEqual([key, true]);
  }
  expect(help).toContain("--learning-rate  (a number > 0, default 0.00005)");
  expect(help).toContain("--output-dir  (a string, required)");
});
