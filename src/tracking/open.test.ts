import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { loadTrainingConfig, openEventWriter, writeRunConfig } from "../train/index.js";
import { describeTrackers, openTrackers } from "./open.js";
import type { TrackerContext, TrackerKind } from "./tracker.js";

const directory = mkdtempSync(join(tmpdir(), "trackers-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const start = {
  type: "start",
  step: 0,
  total_steps: 2,
  run_name: null,
  model: "m",
  train_mode: "lora",
  device: "cpu",
  compute_dtype: "float32",
  samples: 4,
  parameters: 10,
  trainable_parameters: 2,
} as const;

function warning(message: string) {
  return { type: "warning", step: 1, message } as const;
}

const loaded = loadTrainingConfig(undefined, {
  output_dir: directory,
  model_name_or_path: "m",
  train_file: "f",
});

it("begins at the start row with the stored values, and lets go of a tracker that throws", async () => {
  const seen: string[] = [];
  const said: string[] = [];
  const contexts: TrackerContext[] = [];
  const kind = (fails: boolean): TrackerKind => ({
    describe: () => "nowhere",
    open(context) {
      contexts.push(context);
      return {
        handle(row) {
          if (fails && row.type === "warning") throw new Error("the server burst");
          seen.push(`${fails ? "bad" : "good"} ${row.type}`);
        },
        close() {
          if (fails) throw new Error("and once more");
          seen.push("closed");
        },
      };
    },
  });
  const refuses: TrackerKind = {
    describe: () => "nowhere",
    open() {
      throw new Error("no room");
    },
  };
  const config = { ...loaded.config, report_to: ["bad", "good", "refuses"] };
  writeRunConfig(directory, { ...loaded, config, facts: { device: "cpu" } });
  const trackers = openTrackers(config, {
    say: (line) => void said.push(line),
    env: { SOME: "thing" },
    kinds: { good: kind(false), bad: kind(true), refuses },
  });
  const events = openEventWriter(directory, { readers: trackers.readers });
  events.write(warning("before the start, there is no tracker"));
  events.write(start);
  events.write(warning("one"));
  events.write(warning("two"));
  events.close();
  await trackers.close();

  expect(seen).toEqual(["bad start", "good start", "good warning", "good warning", "closed"]);
  expect(said).toEqual([
    "refuses gets nothing more: no room; events.jsonl has every value.",
    "bad gets nothing more: the server burst; events.jsonl has every value.",
  ]);
  expect(contexts[0]).toMatchObject({
    runDirectory: directory,
    config: { model_name_or_path: "m" },
    facts: { device: "cpu" },
    start: { type: "start", attempt: 1 },
    env: { SOME: "thing" },
  });
});

it("takes for all what works on this machine, and says what is left out", () => {
  const said: string[] = [];
  const kind = (missing?: string): TrackerKind => ({
    describe: () => "somewhere",
    ...(missing === undefined ? {} : { missing: () => missing }),
    open: () => ({ handle() {}, close() {} }),
  });
  const config = { ...loaded.config, report_to: ["all"] };
  const kinds = { one: kind(), two: kind("no server is named"), three: kind() };
  const trackers = openTrackers(config, { say: (line) => void said.push(line), env: {}, kinds });
  expect(trackers.readers).toHaveLength(2);
  expect(said).toEqual(["report_to all: one, three; two is left out, because no server is named."]);
  expect(describeTrackers(config, {}, kinds)).toEqual([
    { name: "one", place: "somewhere", remarks: [] },
    { name: "three", place: "somewhere", remarks: [] },
  ]);
});
