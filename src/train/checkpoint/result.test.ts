import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { crashingFiles, type Loss } from "./crashingFiles.js";
import { realFiles } from "./files.js";
import { finishResult, resultName, saveResult, stagedName, verifyResult } from "./result.js";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "tunewright-result-"));
});
afterEach(() => rmSync(run, { recursive: true, force: true }));

const write = (names: readonly string[], text: string) => (directory: string) => {
  for (const name of names) writeFileSync(join(directory, name), `${name} ${text}`);
};
const old = write(["model-1.safetensors", "model-2.safetensors"], "old");
const young = write(["model-1.safetensors", "tokenizer.json"], "new");

/** What a reader who follows `verifyResult` sees, by name. */
async function seen(): Promise<Record<string, string>> {
  const found = await verifyResult(run);
  if (!found) return {};
  expect(found.problems).toEqual([]);
  const { files } = JSON.parse(readFileSync(join(found.directory, resultName), "utf8"));
  return Object.fromEntries(
    files.map(({ path }: { path: string }) => [
      path,
      readFileSync(join(found.directory, path), "utf8"),
    ]),
  );
}

it("replaces the old set, and takes away what only the old one had", async () => {
  writeFileSync(join(run, "events.jsonl"), "kept");
  await saveResult(run, 2, old);
  await saveResult(run, 4, young);
  expect(readdirSync(run).sort()).toEqual([
    "events.jsonl",
    "model-1.safetensors",
    resultName,
    "tokenizer.json",
  ]);
  expect(readFileSync(join(run, "model-1.safetensors"), "utf8")).toBe("model-1.safetensors new");
  expect((await verifyResult(run))?.step).toBe(4);
});

it("where writing fails, the old set is as it was", async () => {
  await saveResult(run, 2, old);
  const before = await seen();
  const failing = saveResult(run, 4, (directory) => {
    young(directory);
    throw new Error("no space left on device");
  });
  await expect(failing).rejects.toMatchObject({ code: "ENVIRONMENT", why: /no space/ });
  expect(await seen()).toEqual(before);
});

it("a damaged file is named", async () => {
  await saveResult(run, 2, old);
  writeFileSync(join(run, "model-2.safetensors"), "other");
  expect((await verifyResult(run))?.problems).toEqual([
    "model-2.safetensors has 5 bytes instead of 23",
  ]);
  expect(await verifyResult(join(run, "nothing"))).toBeUndefined();
});

it.each<Loss>(["nothing", "half", "all"])(
  "a crash at any point leaves the old set or the new one, whole (lost of what was not synced: %s)",
  async (loss) => {
    await saveResult(run, 2, old);
    const before = await seen();
    let outcomes = "";
    for (let survive = 0; ; survive++) {
      const files = crashingFiles(survive);
      const crashed = await saveResult(run, 4, young, files).then(
        () => false,
        () => true,
      );
      files.lose(loss);
      const now = await seen();
      const isNew = now["tokenizer.json"] !== undefined;
      outcomes += isNew ? "n" : "o";
      if (!isNew) expect(now).toEqual(before);
      // The next attempt on this run makes it tidy, whatever was left.
      finishResult(run, realFiles);
      expect(await seen()).toEqual(now);
      expect(existsSync(join(run, stagedName))).toBe(false);
      if (!crashed) break;
      await saveResult(run, 2, old);
    }
    expect(outcomes).toMatch(/^o+n+$/);
    expect(outcomes.length).toBeGreaterThan(10);
  },
);
