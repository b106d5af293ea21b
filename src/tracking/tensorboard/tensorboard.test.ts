import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventRow, StartEvent } from "../../train/index.js";
import { tensorboard } from "./tensorboard.js";

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "tunewright-tensorboard-"));
});
afterEach(() => rmSync(work, { recursive: true }));

function open(run: string, said: string[] = []) {
  const start = { type: "start", step: 0, time: 1, attempt: 1 } as EventRow<StartEvent>;
  const runDirectory = join(work, run);
  const events = join(runDirectory, "events.jsonl");
  const config = { logging_dir: join(work, "logs") };
  const say = (line: string) => void said.push(line);
  return tensorboard.open({ runDirectory, events, config, facts: {}, start, env: {}, say });
}

it("two runs do not write into one logging_dir at the same time, and are told where they did", async () => {
  const first = open("one");
  expect(() => open("two")).toThrow(/another run writes into .*logs/);
  await first.close();
  const said: string[] = [];
  await open("two", said).close();
  expect(said).toEqual([expect.stringContaining("has event files of another run")]);
  const files = readdirSync(join(work, "logs")).filter((name) => name.includes("tfevents"));
  expect(files).toHaveLength(2);
});
