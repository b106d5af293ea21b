/** The home folder, as a process of an unlisted user sees it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { homeFolder } from "./homeFolder.js";

test("is $HOME", () => {
  expect(homeFolder()).toBe(process.env.HOME);
});

test.skipIf(process.getuid?.() !== 0)("is a temporary folder for a user that nobody knows", () => {
  const source = fileURLToPath(new URL("../../dist/util/homeFolder.js", import.meta.url));
  const script = `const { homeFolder } = await import(process.argv[1]); console.log(homeFolder());`;
  const { HOME: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script, source], {
    env: { ...env, TMPDIR: "/tmp" },
    uid: 54_321,
    encoding: "utf8",
  });
  expect(stdout.trim()).toBe("/tmp/tunewright-home-54321");
});
