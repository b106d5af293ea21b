import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { catalogueId, createCatalogue } from "./catalogue.js";

const root = mkdtempSync(join(tmpdir(), "tunewright-catalogue-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run with a result and checkpoints. @param time of its first event */
function makeRun(name: string, time: number, steps: number[]): string {
  const directory = join(root, name);
  for (const folder of [directory, ...steps.map((step) => join(directory, `checkpoint-${step}`))]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "adapter_config.json"), "{}");
  }
  const start = { type: "start", step: 0, total_steps: 4, run_name: null, model: "/models/base" };
  const row = { time, attempt: 1, train_mode: "lora", ...start };
  writeFileSync(join(directory, "events.jsonl"), `${JSON.stringify(row)}\n`);
  return directory;
}

it("has the models of the command line, the runs from the newest on, and their checkpoints", () => {
  const old = makeRun("a-first", 1000, [2, 10]);
  const recent = makeRun("b-second", 2000, []);
  const model = join(root, "model");
  mkdirSync(model);
  writeFileSync(join(model, "config.json"), '{"model_type":"llama"}');
  writeFileSync(join(model, "model.safetensors"), "x");
  const given = [
    { name: "mine", place: model, adapters: [] },
    { name: "both", place: model, adapters: [old] },
  ];
  const catalogue = createCatalogue(given, [root]);
  const entries = catalogue.entries();
  const titles = entries.map(({ title }) => title).filter((title) => !title.startsWith("smollm2"));
  expect(titles).toEqual([
    "mine",
    "both",
    "b-second",
    "a-first",
    "a-first, step 10",
    "a-first, step 2",
  ]);
  const kinds = new Map(entries.map(({ title, kind }) => [title, kind]));
  expect(kinds.get("mine")).toBe("model");
  expect(kinds.get("both")).toBe("adapter");
  expect(kinds.get("a-first, step 2")).toBe("checkpoint");
  expect(catalogue.find(catalogueId(recent))).toMatchObject({ place: recent, base: "base" });
  expect(entries.map(({ id }) => id).every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
});

it("knows nothing by a path", () => {
  const catalogue = createCatalogue([], [root]);
  for (const id of [root, "../", "/etc/passwd", "", "__proto__", "constructor"]) {
    expect(catalogue.find(id)).toBeUndefined();
  }
});

it("does without folders that are not there", () => {
  expect(createCatalogue([], [join(root, "nowhere")]).find("x")).toBeUndefined();
});
