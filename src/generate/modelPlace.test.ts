import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { locateModel } from "./modelPlace.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-place-"));
afterAll(() => rmSync(work, { recursive: true }));

test("of a run whose new result is not in place yet, the new one is read, and only once it is complete", async () => {
  const [base, run] = [join(work, "base"), join(work, "run")];
  const staged = join(run, "result.staged");
  for (const folder of [base, staged]) mkdirSync(folder, { recursive: true });
  const adapter = JSON.stringify({ peft_type: "LORA", r: 2, base_model_name_or_path: base });
  for (const folder of [run, staged]) writeFileSync(join(folder, "adapter_config.json"), adapter);
  expect((await locateModel(base, [run])).adapters).toEqual([run]);
  writeFileSync(join(staged, "result.json"), "{}");
  expect((await locateModel(base, [run])).adapters).toEqual([staged]);
  expect((await locateModel(run)).adapters).toEqual([staged]);
});
