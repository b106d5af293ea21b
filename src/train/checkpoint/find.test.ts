import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CheckpointError } from "../../util/errors.js";
import { findLatestCheckpoint, resolveResume, setAsideLater } from "./find.js";
import { saveCheckpoint } from "./save.js";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "tunewright-find-"));
});
afterEach(() => rmSync(run, { recursive: true }));

async function save(step: number, resumable = true): Promise<void> {
  const write = (directory: string) => {
    writeFileSync(join(directory, "weights"), `weights of ${step}`);
    writeFileSync(join(directory, "state"), `state of ${step}, other size`);
  };
  await saveCheckpoint(run, step, write, { resumable });
}

const at = (step: number, file: string) => join(run, `checkpoint-${step}`, file);

function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  writeFileSync(path, bytes);
}

describe("a damaged newest checkpoint", () => {
  const damages: [string, () => void, RegExp][] = [
    ["a cut file", () => truncateSync(at(20, "weights"), 3), /weights has 3 bytes instead of 13/],
    ["an empty file", () => truncateSync(at(20, "state")), /state has 0 bytes/],
    ["a missing file", () => rmSync(at(20, "state")), /state is missing/],
    [
      "a file of another checkpoint",
      () => copyFileSync(at(10, "weights"), at(20, "weights")),
      /other bytes/,
    ],
    ["a missing manifest", () => rmSync(at(20, "manifest.json")), /never completed/],
    ["a cut manifest", () => truncateSync(at(20, "manifest.json"), 40), /manifest.json is damaged/],
    [
      "a manifest of another one",
      () => copyFileSync(at(10, "manifest.json"), at(20, "manifest.json")),
      /belongs to step 10/,
    ],
  ];

  it.each(damages)(
    "with %s is renamed, said, and the one before is taken",
    async (_, damage, expected) => {
      await save(10);
      await save(20);
      damage();
      const { checkpoint, warnings } = await findLatestCheckpoint(run);
      expect(checkpoint?.step).toBe(10);
      expect(warnings.join("\n")).toMatch(expected);
      expect(readdirSync(run).sort()).toEqual(["checkpoint-10", "checkpoint-20.broken"]);
      expect((await findLatestCheckpoint(run)).warnings).toEqual([]);
    },
  );

  it("is noticed whichever bit of its files is flipped", async () => {
    await save(10);
    await save(20);
    const bits = readFileSync(at(20, "weights")).length * 8;
    for (let bit = 0; bit < bits; bit++) {
      flipBit(at(20, "weights"), bit);
      const found = await findLatestCheckpoint(run, { readOnly: true });
      expect([bit, found.checkpoint?.step]).toEqual([bit, 10]);
      flipBit(at(20, "weights"), bit);
    }
    expect((await findLatestCheckpoint(run)).checkpoint?.step).toBe(20);
  });

  it("is only passed over where the run may belong to another process", async () => {
    await save(10);
    await save(20);
    truncateSync(at(20, "weights"));
    const { checkpoint, warnings } = await findLatestCheckpoint(run, { readOnly: true });
    expect(checkpoint?.step).toBe(10);
    expect(warnings[0]).toMatch(/skipped/);
    expect(readdirSync(run).sort()).toEqual(["checkpoint-10", "checkpoint-20"]);
  });
});

it("files beside the checkpoint's own are told but do no harm", async () => {
  await save(10);
  writeFileSync(at(10, "notes.txt"), "mine");
  const { checkpoint, warnings } = await findLatestCheckpoint(run);
  expect(checkpoint?.step).toBe(10);
  expect(warnings).toEqual(["checkpoint-10 has other files: notes.txt."]);
});

it("a manifest that points outside its directory is not followed", async () => {
  await save(10);
  const text = readFileSync(at(10, "manifest.json"), "utf8");
  writeFileSync(at(10, "manifest.json"), text.replace('"weights"', '"../../weights"'));
  expect((await findLatestCheckpoint(run)).checkpoint).toBeUndefined();
});

describe("a checkpoint that was saved once more", () => {
  const replaced = () => join(run, "checkpoint-10.replaced");

  it("goes once the new one is there", async () => {
    await save(10);
    cpSync(join(run, "checkpoint-10"), replaced(), { recursive: true });
    expect((await findLatestCheckpoint(run)).checkpoint?.step).toBe(10);
    expect(readdirSync(run)).toEqual(["checkpoint-10"]);
  });

  it("comes back where the new one never took its place, and stays where that is damaged", async () => {
    await save(10);
    renameSync(join(run, "checkpoint-10"), replaced());
    expect((await findLatestCheckpoint(run)).checkpoint?.step).toBe(10);
    expect(readdirSync(run)).toEqual(["checkpoint-10"]);
    cpSync(join(run, "checkpoint-10"), replaced(), { recursive: true });
    truncateSync(at(10, "weights"));
    expect((await findLatestCheckpoint(run)).checkpoint).toBeUndefined();
    expect(readdirSync(run).sort()).toEqual(["checkpoint-10.broken", "checkpoint-10.replaced"]);
  });
});

describe("--resume", () => {
  it("takes the newest, or the one that is named, or the newest of another run", async () => {
    await save(10);
    await save(20);
    expect((await resolveResume(run, true)).checkpoint?.step).toBe(20);
    expect((await resolveResume(run, join(run, "checkpoint-10"))).checkpoint?.step).toBe(10);
    expect((await resolveResume("elsewhere", run)).checkpoint?.step).toBe(20);
    expect((await resolveResume(run, false)).checkpoint).toBeUndefined();
  });

  it("begins anew, saying so, where nothing was saved yet", async () => {
    const { checkpoint, warnings } = await resolveResume(run, true);
    expect(checkpoint).toBeUndefined();
    expect(warnings.join()).toMatch(/starts at step 0/);
  });

  it("stops where all checkpoints are damaged, also the second time", async () => {
    await save(10);
    truncateSync(at(10, "weights"));
    await expect(resolveResume(run, true)).rejects.toThrow(CheckpointError);
    await expect(resolveResume(run, true)).rejects.toThrow(/No checkpoint in .* is intact/);
  });

  it("stops where the one that is named is damaged, missing or not resumable", async () => {
    await save(10);
    await save(20, false);
    truncateSync(at(10, "weights"));
    await expect(resolveResume(run, join(run, "checkpoint-10"))).rejects.toThrow(/damaged/);
    await expect(resolveResume(run, join(run, "checkpoint-11"))).rejects.toThrow(/no checkpoint/);
    await expect(resolveResume(run, join(run, "other"))).rejects.toThrow(/no checkpoint/);
    await expect(resolveResume(run, true)).rejects.toThrow(/cannot be resumed/);
    expect(readdirSync(run).sort()).toEqual(["checkpoint-10", "checkpoint-20"]);
  });
});

it("checkpoints after the resumed step are set aside, not deleted", async () => {
  for (const step of [10, 20, 30]) await save(step);
  expect(setAsideLater(run, 10)).toHaveLength(2);
  expect(readdirSync(run).sort()).toEqual([
    "checkpoint-10",
    "checkpoint-20.superseded",
    "checkpoint-30.superseded",
  ]);
});
